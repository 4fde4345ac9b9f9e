"""A docstring or a comment that points at a name of another module points at one that is there."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from core.strategy import Strategy
from tests.tidy.sources import PRODUCTION, files, name_of

POINTER = re.compile(r"`([a-z_]\w*)\.(?!(?:py|yaml|json|db)`)([A-Za-z_]\w*)`")
NO_MODULES = {*Strategy.model_fields, "lab", "start", "facts"}
"""What shares its name with a module: sections of the settings, parts of a ledger and of a record."""


def defined(text: str) -> Iterator[str]:
    """What can be had from a module by its name."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (each.asname or each.name for each in node.names)
        else:
            yield from (each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def pointers(text: str) -> Iterator[tuple[str, str]]:
    """Module and name of each pointer in what people read of a file."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or token.string.startswith('"""'):
            yield from POINTER.findall(token.string)


def module_of(path: Path) -> str:
    return path.parent.name if path.stem == "__init__" else path.stem


def test_what_a_docstring_points_at_is_there() -> None:
    """By the last part of the module's name; a package also has its modules."""
    known: defaultdict[str, set[str]] = defaultdict(set)
    for path in files(*PRODUCTION):
        known[module_of(path)].update(defined(path.read_text("utf-8")))
        parts = Path(name_of(path)).with_suffix("").parts
        for package, within in pairwise(parts):
            known[package].add(within)
    missing = [
        f"{name_of(path)}: {module}.{name}"
        for path in files(*PRODUCTION)
        for module, name in pointers(path.read_text("utf-8"))
        if module in known and module not in NO_MODULES and name not in known[module]
    ]
    assert missing == []
