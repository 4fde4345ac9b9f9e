"""Packages whose files are imported when they are asked for."""

from __future__ import annotations

from importlib import import_module

import pytest

from core.lazy_face import lazy_face

FACES = (
    "config",
    *(f"actors.{room}" for room in ("alerting", "audit", "control", "decision", "mcp", "phone", "state")),
)


def test_a_name_comes_from_its_file_and_any_other_is_refused_naming_the_package() -> None:
    asked = lazy_face("core", {"plain_number": ("plain_whole",), "text": ("shown",)})
    assert asked("plain_whole") is import_module("core.plain_number").plain_whole
    with pytest.raises(AttributeError, match="module 'core' has no attribute 'nothing'"):
        asked("nothing")


@pytest.mark.parametrize("package", FACES)
def test_each_name_of_a_face_is_found(package: str) -> None:
    face = import_module(package)
    assert [name for name in face.__all__ if not hasattr(face, name)] == []
    assert not hasattr(face, "nothing")
