"""The error tree that `core/errors.py` begins with is the one that its classes make."""

from __future__ import annotations

import re

import core.errors
from core.errors import CerberoError

NODE = re.compile(r"^((?:│   |    |├── |└── )*)(\w+Error)\b", re.MULTILINE)


def test_the_tree_names_each_error_below_its_base() -> None:
    bases: dict[str, str] = {}
    above: list[str] = []
    for indent, name in NODE.findall(core.errors.__doc__ or ""):
        above[len(indent) // 4 :] = [name]
        bases[name] = above[-2] if len(above) > 1 else "Exception"
    classes = [value for value in vars(core.errors).values() if isinstance(value, type)]
    errors = [value for value in classes if issubclass(value, CerberoError)]
    assert len(errors) > 10
    assert bases == {error.__name__: error.__base__.__name__ for error in errors if error.__base__}
