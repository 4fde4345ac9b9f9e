"""The sources that suspend entries, as the code names them: a source that is not described is found."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module

from core.messages.kill_switch import SuspendEntries
from tests.tidy.test_code import files, name_of, parsed

DESCRIBED: dict[str, tuple[str, str]] = {
    "account": (
        "the account holds or has resting what makes one position too many, or less than the books know",
        "a look at the account finds nothing against entries",
    ),
    "anchor": (
        "after a start, until the anchor's file has been compared with the log",
        "the file agrees with the log",
    ),
    "books_disk": (
        "the disk is full: the ballast was released so that exits and armings can still be written",
        "the ballast is taken again",
    ),
    "clock": (
        "the system's clock was set, or differs from the venue's",
        "the venue confirms the time",
    ),
    "dead_letter": (
        "a message for the books was lost",
        "a reconcile of books and venue has succeeded",
    ),
    "disk": ("too little space is free for the books to grow", "space is free again"),
    "order_in_doubt": ("the outcome of an order is not known", "it is known, of every order"),
    "market_data": ("the market can't be read, or is stale", "a snapshot is stored again"),
    "parked:…": ("an actor of the feeds failed too often and is parked", "it works again"),
    "probe:…": ("a router other than deribit does not answer its probe", "it answers one"),
    "stopping": ("the engine is being stopped", "the next start"),
}
"""Why each source suspends entries, and what ends it; `…` stands for a router or an actor."""


@cache
def sources() -> dict[str, list[str]]:
    """Each source that the code names, with the files that use it."""
    found: dict[str, list[str]] = {}
    for path in files("actors"):
        if SuspendEntries.__name__ not in path.read_text("utf-8"):
            continue
        for source in of_tree(parsed(path), name_of(path).removesuffix(".py").replace("/", ".")):
            found.setdefault(source, [])
            if name_of(path) not in found[source]:
                found[source].append(name_of(path))
    return found


def of_tree(tree: ast.AST, module: str) -> Iterator[str]:
    """The source of each suspension in a file's functions."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == SuspendEntries.__name__:
                    (source,) = (each.value for each in node.keywords if each.arg == "source")
                    yield _text(source, function, module)


def _text(node: ast.expr, function: ast.AST, module: str) -> str:
    """The source as text. Raises AssertionError for one that can't be told from the code."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=[ast.Constant(value=str(prefix)), *_]):
            return f"{prefix}…"
        case ast.Name(id=name):
            for assigned in ast.walk(function):
                if isinstance(assigned, ast.Assign) and ast.unparse(assigned.targets[0]) == name:
                    return _text(assigned.value, function, module)
            constant = getattr(import_module(module), name, None)
            if isinstance(constant, str):
                return constant
        case _:
            pass
    raise AssertionError(
        f"{module}: expected a source of SuspendEntries that can be read, found {ast.dump(node)}"
    )
