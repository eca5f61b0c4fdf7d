"""Reads the YAML files beside it into a Schema; standard.yaml explains the notation."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from system_apis.salesforce_platform.sandbox.schema.model import Field, Schema, SObjectType

CURRENCIES = ("USD", "EUR", "GBP", "CHF", "CAD", "AUD", "JPY", "SEK", "NOK", "DKK", "PLN", "INR", "SGD")
FILES = ("standard.yaml", "certinia.yaml", "tollway.yaml")
DEFAULT_LENGTHS = {"picklist": 255, "multipicklist": 4099, "reference": 18}


@cache
def load_schema() -> Schema:
    """The org's metadata; later files add fields to the objects of earlier ones."""
    declared: dict[str, dict[str, Any]] = {}
    for name in FILES:
        for sobject, part in msgspec.yaml.decode((Path(__file__).parent / name).read_text()).items():
            whole = declared.setdefault(sobject, {"fields": {}})
            whole["fields"] |= part["fields"]
            whole.update({key: value for key, value in part.items() if key != "fields"})
    custom = [name for name in declared if name.endswith("__c")]
    return Schema({name: _sobject(name, entry, custom) for name, entry in declared.items()})


def _sobject(name: str, entry: dict[str, Any], custom_types: list[str]) -> SObjectType:
    declared = [_field(field, declaration, custom_types) for field, declaration in entry["fields"].items()]
    fields = {field.name: field for field in declared}
    system = _system_fields(owner=entry.get("owner", True), currency=entry.get("currency", True))
    if name.endswith("__c") and "Name" not in fields:
        fields = {"Name": Field(name="Name", label=f"{entry['label']} Name", type="string", length=80)} | fields
    fields = {"Id": system.pop("Id")} | fields | system
    return SObjectType(
        name=name,
        label=entry["label"],
        plural=entry["plural"],
        prefix=entry["prefix"],
        fields=fields,
        fixed=entry.get("fixed", False),
    )


def _system_fields(*, owner: bool, currency: bool) -> dict[str, Field]:
    """The fields every record has ('Object Reference: System Fields')."""
    automatic: dict[str, Any] = {"createable": False, "updateable": False, "required": True}
    user: dict[str, Any] = {"type": "reference", "length": 18, "targets": ("User",)}
    fields = [Field(name="Id", label="Record ID", type="id", length=18, idlookup=True, **automatic)]
    if owner:
        fields.append(Field(name="OwnerId", label="Owner ID", relationship="Owner", **user))
    if currency:
        fields.append(
            Field(
                name="CurrencyIsoCode", label="Currency ISO Code", type="picklist", length=255, values=CURRENCIES,
                restricted=True, default=CURRENCIES[0],
            )
        )  # fmt: skip
    fields.append(Field(name="IsDeleted", label="Deleted", type="boolean", **automatic))
    for name, label in (("Created", "Created"), ("LastModified", "Last Modified")):
        fields.append(Field(name=f"{name}Date", label=f"{label} Date", type="datetime", **automatic))
        fields.append(
            Field(name=f"{name}ById", label=f"{label} By ID", relationship=f"{name}By", **user, **automatic),
        )
    fields.append(Field(name="SystemModstamp", label="System Modstamp", type="datetime", **automatic))
    return {field.name: field for field in fields}


def _field(name: str, declaration: str | list[str], custom_types: list[str]) -> Field:
    spec, *values = [declaration] if isinstance(declaration, str) else declaration
    words = spec.split()
    kind = words[0]
    numbers = [int(word) for word in words[1:] if word.isdecimal()]
    named = dict(word.split("=") for word in words if "=" in word)
    flags = set(words[1:])
    facts: dict[str, Any] = {}
    if kind == "reference":
        facts = _reference(name, words[1], named, custom_types)
    elif kind in ("double", "currency", "percent"):
        facts = {"precision": numbers[0], "scale": numbers[1]}
    else:
        facts = {"length": numbers[0] if numbers else DEFAULT_LENGTHS.get(kind, 0)}
    return Field(
        name=name,
        label=_label(name),
        type=kind,
        required="required" in flags,
        unique="unique" in flags,
        external="external" in flags,
        idlookup=bool(flags & {"idlookup", "external", "unique"}) or kind == "email",
        createable="readonly" not in flags,
        updateable=not flags & {"readonly", "createonly"},
        restricted="restricted" in flags,
        values=tuple(values),
        default=values[0] if "default" in flags else None,
        cascade="cascade" in flags,
        **facts,
    )


def _reference(name: str, target: str, named: dict[str, str], custom_types: list[str]) -> dict[str, Any]:
    """A custom lookup X__c is reached as X__r from both sides; a standard one, AccountId, as Account."""
    custom = name.endswith("__c")
    children = named.get("children")
    targets = [one for word in target.split("|") for one in (custom_types if word == "custom" else [word])]
    return {
        "length": 18,
        "targets": tuple(targets),
        "relationship": named.get("relation") or (name[:-1] + "r" if custom else name.removesuffix("Id")),
        "children": f"{_namespace(name)}{children}__r" if custom and children else children,
    }


def _label(name: str) -> str:
    words = name.removeprefix("pse__").removesuffix("__c").replace("_", " ")
    return words if name.endswith("__c") else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", words).replace(" Id", " ID")


def _namespace(name: str) -> str:
    """A managed package's lookup carries its namespace into the child relationship name."""
    return "pse__" if name.startswith("pse__") else ""
