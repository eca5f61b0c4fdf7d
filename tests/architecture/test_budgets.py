"""How long things may get before they want to be two things with two names."""

import ast
from collections.abc import Iterator

MODULE = 250
FUNCTION = 40
PROCESS = 80


def test_modules_are_short(sources) -> None:
    """No module is longer than its budget."""
    lengths = {path: len(text.splitlines()) for path, text in sources.items()}
    assert lengths
    assert {path: length for path, length in lengths.items() if length > MODULE} == {}


def test_functions_are_short(sources) -> None:
    """No function is longer than its budget, its docstring included."""
    lengths = {name: length for path, text in sources.items() for name, length in functions(path, text)}
    assert lengths
    assert {name: length for name, length in lengths.items() if length > FUNCTION} == {}


def test_a_process_is_a_page(sources) -> None:
    """Every process.py reads from top to bottom on one page."""
    lengths = {path: len(text.splitlines()) for path, text in sources.items() if path.endswith("/process.py")}
    processes = {path: length for path, length in lengths.items() if path.startswith("process_apis/")}
    assert processes
    assert {path: length for path, length in processes.items() if length > PROCESS} == {}


def functions(path: str, text: str) -> Iterator[tuple[str, int]]:
    """Every function of a module with its lines."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1
