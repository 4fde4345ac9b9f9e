"""Tables that a person writes about what the code lists: none of them lacks a row or has one too many."""

from __future__ import annotations

import re
from collections.abc import Iterator

import actors.names
from actors.names import ExactName
from core.audit.fold.tables import NOT_PROVED, PROVED
from tests.tidy.sources import ROOT

CODE = re.compile(r"`([^`]+)`")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
AUDIT_LOG = (ROOT / "docs" / "audit-log.md").read_text("utf-8")


def rows(page: str, heading: str) -> Iterator[list[str]]:
    """The rows of the table under this head."""
    _, found, rest = page.partition(f"{heading}\n")
    assert found, heading
    for line in rest.splitlines()[1:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_the_map_of_the_rooms_has_each_room_once() -> None:
    named = [
        cell[0].partition(" (")[0] for cell in rows(ARCHITECTURE, "| room | accepts | owns | if it fails |")
    ]
    rooms = {each.text for each in vars(actors.names).values() if isinstance(each, ExactName)}
    assert sorted(named) == sorted({*rooms, "mcp.*"})


def test_what_of_the_books_follows_from_the_log_is_told_of_each_table() -> None:
    told = {
        name: compared
        for names, compared in rows(AUDIT_LOG, "| table | compared with the log |")
        for name in CODE.findall(names)
    }
    assert set(told) == {table.name for table in PROVED} | set(NOT_PROVED)
    for table in PROVED:
        if table.only is None:
            order = ", and the order of the rows" if table.ordered else ""
            assert told[table.name] == f"every field{order}"
