"""Who may touch the world: imports by folder, and references to clocks however they are spelled."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from typing import NamedTuple

import pytest

from tests.tidy.doors import (
    BEHIND_THE_TYPES,
    CLOCKS,
    CLOSED,
    DOORS,
    HIDDEN_INPUT,
    HOLDS_CLOCK,
    PURE,
    REACHING,
    UNREPEATABLE,
)
from tests.tidy.sources import CODE, PRODUCTION, files, name_of, parsed, walked
from tests.tidy.test_code import ALLOWED_FILES, GENERIC

NOT_SHIPPED = frozenset({"bench", "tests", "run"})


class Imported(NamedTuple):
    """One import: `dotted` is what was imported, `local` the name that the file has for `stands_for`."""

    line: int
    dotted: str
    local: str
    stands_for: str


def imports(tree: ast.AST) -> Iterator[Imported]:
    """Every import of a file, wherever it stands."""
    for node in walked(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                if alias.asname is None:
                    yield Imported(node.lineno, alias.name, top, top)
                else:
                    yield Imported(node.lineno, alias.name, alias.asname, alias.name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                dotted = f"{node.module}.{alias.name}"
                yield Imported(node.lineno, dotted, alias.asname or alias.name, dotted)


def within(dotted: str, allowed: frozenset[str]) -> str | None:
    """Which of the allowed names it is, or is a part of."""
    parents = accumulate(dotted.split("."), lambda parent, name: f"{parent}.{name}")
    return next((parent for parent in parents if parent in allowed), None)


def doors_of(name: str) -> frozenset[str]:
    return frozenset(module for folder, open_ in DOORS.items() if name.startswith(folder) for module in open_)


def forbidden_imports(name: str, tree: ast.AST) -> Iterator[str]:
    """The imports of one file that its folder has no door for."""
    for line, dotted, _, _ in imports(tree):
        top = dotted.partition(".")[0]
        ours = top in CODE and not (top in NOT_SHIPPED and name.split("/")[0] in PRODUCTION)
        needs_door = name.startswith(CLOSED) or top in UNREPEATABLE or top in NOT_SHIPPED
        if not ours and needs_door and within(dotted, PURE | doors_of(name)) is None:
            yield f"{name}:{line}: imports {dotted}"


def references(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Each name and attribute that is read, with its dotted name as far as imports tell it."""
    known = {found.local: found.stands_for for found in imports(tree)}
    for node in walked(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            parts: list[str] = []
            inner: ast.expr = node
            while isinstance(inner, ast.Attribute):
                parts.append(inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name):
                start = known.get(inner.id, inner.id)
                yield node, ".".join([start, *reversed(parts)])


def renamed(tree: ast.AST) -> Iterator[ast.expr]:
    """What is given another name: assigned, imported by another one, or looked up in by text."""
    for node in walked(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            yield node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            yield from node.args[:1]


def forbidden_references(name: str, tree: ast.AST) -> Iterator[str]:
    """Clocks, hidden inputs and built-ins that the file reads although it may not."""
    dotted_of = dict(references(tree))
    closed = name.startswith(CLOSED) and not name.startswith(GENERIC)
    may_read_clock = name in ALLOWED_FILES["now"]
    for node, dotted in dotted_of.items():
        if dotted in CLOCKS and not may_read_clock:
            yield f"{name}:{node.lineno}: {dotted}: take the time as an argument or from the context"
        if closed and dotted in HIDDEN_INPUT | REACHING:
            yield f"{name}:{node.lineno}: {dotted}: take it as an argument or from the context"
    for value in renamed(tree):
        if dotted_of.get(value) in HOLDS_CLOCK:
            yield f"{name}:{value.lineno}: {dotted_of[value]} under another name"
    for line, dotted, local, _ in imports(tree):
        if dotted in HOLDS_CLOCK and local != dotted.rpartition(".")[2]:
            yield f"{name}:{line}: {dotted} under another name"


def around_the_types(name: str, tree: ast.AST) -> Iterator[str]:
    """What the file names although it would get it past the types of addresses and answers."""
    for node in walked(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            used = node.attr if isinstance(node, ast.Attribute) else node.id
            if used in BEHIND_THE_TYPES and not name.startswith(BEHIND_THE_TYPES[used]):
                yield f"{name}:{node.lineno}: {used}"


@cache
def wrong_in(folder: str) -> dict[str, list[str]]:
    """What each check finds in the files of a folder, each of which is read once for all of them."""
    found: dict[str, list[str]] = {"types": [], "imports": [], "references": []}
    for path in files(folder):
        name, tree = name_of(path), parsed(path)
        found["types"] += around_the_types(name, tree)
        found["imports"] += forbidden_imports(name, tree)
        if not name.startswith(GENERIC):
            found["references"] += forbidden_references(name, tree)
    return found


@pytest.mark.parametrize("folder", CODE)
def test_no_file_goes_around_the_types_of_addresses_and_answers(folder: str) -> None:
    assert wrong_in(folder)["types"] == []


@pytest.mark.parametrize("folder", CODE)
def test_no_file_imports_what_its_folder_has_no_door_for(folder: str) -> None:
    assert wrong_in(folder)["imports"] == []


@pytest.mark.parametrize("folder", CODE)
def test_no_file_reads_a_clock_or_hidden_input_however_it_is_spelled(folder: str) -> None:
    assert wrong_in(folder)["references"] == []


@pytest.mark.parametrize("folder", sorted(DOORS))
def test_each_door_is_used(folder: str) -> None:
    """One that nothing goes through any more is closed."""
    users = [path for path in files(*CODE) if name_of(path).startswith(folder)]
    through = [found.dotted for path in users for found in imports(parsed(path))]
    used = {within(dotted, frozenset(DOORS[folder])) for dotted in through}
    assert used - {None} == set(DOORS[folder])


def test_the_folder_of_the_rooms_imports_none_of_them() -> None:
    """Whoever imports one room would import all of them."""
    for folder in PRODUCTION:
        if folder == "actors":
            face = next(path for path in files(folder) if name_of(path) == "actors/__init__.py")
            assert list(imports(parsed(face))) == []


ROOM, PURE_FILE, EDGE = "actors/decision/cycle.py", "core/pricing/greeks.py", "cli/main.py"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (ROOM, "import urllib.request"),
        (ROOM, "from urllib import request"),
        (ROOM, "import http.client"),
        (ROOM, "import socket"),
        (ROOM, "import asyncio"),
        (ROOM, "import threading"),
        (ROOM, "import random"),
        (ROOM, "import secrets"),
        (ROOM, "from time import perf_counter"),
        (ROOM, "import os"),
        (ROOM, "import uuid"),
        (ROOM, "import importlib"),
        (ROOM, "import bench.runtime"),
        (ROOM, "from tests.fakes.books import FakeBooks"),
        (PURE_FILE, "from pathlib import Path"),
        (PURE_FILE, "import subprocess"),
        (PURE_FILE, "import logging"),
        (PURE_FILE, "import yaml"),
        (PURE_FILE, "def f():\n    import shutil"),
        (EDGE, "import random"),
        (EDGE, "import tests.fakes"),
        (EDGE, "import bench"),
    ],
)
def test_an_import_without_a_door_is_found(name: str, line: str) -> None:
    assert len(list(forbidden_imports(name, ast.parse(line)))) == 1


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (ROOM, "from datetime import datetime\nf = datetime.now\nf()"),
        (ROOM, "from datetime import datetime\nclock = datetime\nclock.now()"),
        (ROOM, "from datetime import datetime as clock"),
        (ROOM, "import datetime\nx = datetime.datetime.now()"),
        (ROOM, "from datetime import date\nread(date.today)"),
        (ROOM, "from datetime import datetime\nx = getattr(datetime, 'now')()"),
        (EDGE, "from datetime import datetime\nread(datetime.utcnow)"),
        (ROOM, "import os\nx = os.urandom(3)"),
        (ROOM, "import os\nx = os.environ"),
        (ROOM, "from os import getenv\nx = getenv('HOME')"),
        (ROOM, "import os.path\nx = os.urandom(3)"),
        (ROOM, "x = __import__('actors.audit.files')"),
        (ROOM, "x = hash('a')"),
        (PURE_FILE, "x = id(object())"),
        (PURE_FILE, "x = open('/etc/hosts')"),
    ],
)
def test_a_clock_and_a_hidden_input_are_found_however_they_are_spelled(name: str, lines: str) -> None:
    assert len(list(forbidden_references(name, ast.parse(lines)))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "rooms[STATE].recipient.deliver(envelope)",
        "address.recipient",
        "cell.tell_from('x', None, None)",
        "self.ctx.defer_reply().set('x')",
        "RoomName[StopEngine]('state')",
        "names.ExactName('state')",
    ],
)
def test_a_way_around_the_types_is_found(line: str) -> None:
    assert len(set(around_the_types(ROOM, ast.parse(line)))) == 1


def test_what_only_computes_is_let_through() -> None:
    imported = "from datetime import UTC, datetime\nfrom urllib.parse import urlsplit\n"
    tree = ast.parse(f"{imported}x = datetime(2026, 1, 1, tzinfo=UTC)")
    assert list(forbidden_imports(ROOM, tree)) == list(forbidden_references(ROOM, tree)) == []
