"""What is made without validation has every field, and no other: neither mypy nor pydantic would say so."""

from __future__ import annotations

import ast
from importlib import import_module

import pytest

from core.trusted import Trusting
from tests.tidy.sources import PRODUCTION, files, name_of, parsed, walked

MADE = {
    f"{name_of(path)}:{node.lineno}": (path, node)
    for path in files(*PRODUCTION)
    if ".trusted(" in path.read_text("utf-8")
    for node in walked(parsed(path))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "trusted"
}


def test_there_are_some() -> None:
    assert len(MADE) > 5


@pytest.mark.parametrize("place", MADE)
def test_a_trusted_value_has_every_field_and_no_other(place: str) -> None:
    path, node = MADE[place]
    assert isinstance(node.func, ast.Attribute)
    module = import_module(name_of(path).removesuffix(".py").replace("/", "."))
    assert isinstance(node.func.value, ast.Name), f"{place}: name the class, so that its fields are known"
    kind = getattr(module, node.func.value.id)
    assert issubclass(kind, Trusting)
    assert {keyword.arg for keyword in node.keywords} == kind.model_fields.keys()
    assert not node.args
