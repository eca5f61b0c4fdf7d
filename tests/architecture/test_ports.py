"""Every write to a platform can be read back, and is only ever made as an effect."""

import ast
import inspect
import types
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from tollway.ports.crm import Crm
from tollway.ports.erp import Erp
from tollway.ports.psa import Psa

PORTS = {"_crm": Crm, "_psa": Psa, "_erp": Erp}
"""The ports by the name under which steps keep them."""
READS = {
    Crm: {"deal", "won_deals", "won_deal_events", "deal_standings"},
    Psa: {"project_work", "work_changes", "project_standings", "work_entries"},
    Erp: {
        *("capabilities", "match_customers", "project_invoices", "invoice_changes"),
        *("customers", "projects", "invoices"),
    },
}
READ_BACK = {
    Crm: {"report_progress": "find_progress"},
    Psa: {
        "create_project": "find_project",
        "set_plan": "find_plan",
        "cancel_project": "find_project",
        "mark_billed": "find_billed",
        "unmark_billed": "find_billed",
        "report_billing": "find_billing",
    },
    Erp: {
        "create_customer": "find_customer",
        "link_customer": "find_customer",
        "create_project": "find_project",
        "close_project": "find_project",
        "set_billing_plan": "find_billing_plan",
        "set_revenue_schedule": "find_revenue_schedule",
        "create_invoice": "find_invoice",
        "post_invoice": "find_invoice",
        "cancel_invoice": "find_invoice",
        "credit_invoice": "find_credit_note",
    },
}
"""Every write, and what finds it again at the platform."""


@pytest.mark.parametrize("port", READS)
def test_every_operation_is_a_read_or_a_write_that_is_found_again(port) -> None:
    """A port has reads, writes, and for each write a find; a new operation must say which it is."""
    operations = {name for name, _ in inspect.getmembers(port, inspect.isfunction) if not name.startswith("_")}
    assert operations == READS[port] | set(READ_BACK[port]) | set(READ_BACK[port].values())


@pytest.mark.parametrize("port", READS)
def test_absence_is_an_answer(port) -> None:
    """A find answers None for what is not there, since only a platform that says so settles an unknown outcome."""
    for find in set(READ_BACK[port].values()):
        answer = typing.get_type_hints(getattr(port, find))["return"]
        assert isinstance(answer, types.UnionType), find
        assert type(None) in answer.__args__, find


def test_every_write_is_an_effect_with_its_find(sources) -> None:
    """Process APIs write to platforms within Effects only, and hand it the find that belongs to the write."""
    found = []
    for path, text in sources.items():
        if not path.startswith("process_apis/"):
            continue
        tree = ast.parse(text)
        effects = list(made_of(tree))
        finds = {id(node): operation for node, port, operation in calls(tree) if operation.startswith("find_")}
        for node, port, operation in calls(tree):
            if operation in READ_BACK[port]:
                within = [inside for inside in effects if id(node) in inside]
                given = {finds[one] for inside in within for one in inside & set(finds)}
                assert READ_BACK[port][operation] in given, f"{path}:{node.lineno} {operation}"
                found.append(operation)
    assert set(found) == {operation for writes in READ_BACK.values() for operation in writes}


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, Any, str]]:
    """Every call of a port's operation: `self._erp.create_invoice(…)`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=operation, value=ast.Attribute(attr=name))) if name in PORTS:
                yield node, PORTS[name], operation


def made_of(tree: ast.AST) -> Iterator[set[int]]:
    """For every effect the ids of all nodes it is made of, those of the local functions it is given among them."""
    for method in ast.walk(tree):
        if not isinstance(method, ast.AsyncFunctionDef):
            continue
        local = {node.name: node for node in ast.walk(method) if isinstance(node, ast.AsyncFunctionDef)}
        for effect in filter(is_effect, ast.walk(method)):
            parts = list(ast.walk(effect))
            given = [local[node.id] for node in parts if isinstance(node, ast.Name) and node.id in local]
            yield {id(node) for part in (effect, *given) for node in ast.walk(part)}


def is_effect(node: ast.AST) -> bool:
    """Whether this is `self._effects.apply(…)` or `.set(…)`."""
    match node:
        case ast.Call(func=ast.Attribute(attr="apply" | "set", value=ast.Attribute(attr="_effects"))):
            return True
    return False
