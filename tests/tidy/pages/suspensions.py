"""The sources that suspend entries, as the code names them: a source that is not described is found."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module

from core.messages.kill_switch import SuspendEntries
from tests.tidy.sources import files, name_of, parsed


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
