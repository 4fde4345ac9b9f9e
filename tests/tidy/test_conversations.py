"""A conversation may be closed in the middle of any `await`: its `finally` blocks must then neither wait nor
have an effect outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

import pytest

from tests.tidy.test_code import files, name_of, parsed

EFFECTS = frozenset(
    {"tell", "ask", "send", "alert", "_alert", "alarm", "_alarm", "call_later", "call_at", "watch"}
)
"""The methods of a context, an outbox or an alarm that have an effect outside."""


def forbidden_in_finally(tree: ast.AST) -> Iterator[int]:
    """The lines of each `await` and each effect in a `finally` of an `async def`."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.AsyncFunctionDef):
            continue
        for block in ast.walk(function):
            if not isinstance(block, ast.Try):
                continue
            for node in (node for statement in block.finalbody for node in ast.walk(statement)):
                if isinstance(node, ast.Await | ast.AsyncWith | ast.AsyncFor) or has_effect(node):
                    yield node.lineno


def has_effect(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether it is a call that has an effect outside."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in EFFECTS


def test_no_finally_of_a_conversation_awaits_or_tells() -> None:
    found = [
        f"{name_of(path)}:{line}" for path in files("actors") for line in forbidden_in_finally(parsed(path))
    ]
    assert found == []


@pytest.mark.parametrize(
    "ending", ["await line.cancel()", "self.ctx.tell(address, Done())", "alarm.alert(x)"]
)
def test_each_of_them_is_found(ending: str) -> None:
    source = f"async def talk():\n    try:\n        await fetch()\n    finally:\n        {ending}\n"
    assert set(forbidden_in_finally(ast.parse(source))) == {5}
