"""Tables that a person writes about what the code lists: none of them lacks a row or has one too many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import actors.names
from actors.names import ExactName
from core.audit.fold.tables import NOT_PROVED, PROVED
from core.messages import protocols
from core.messages.base import Answered, Query
from core.messages.state import Recording
from core.orders.books import CycleOutcome
from lab.backtest.switches import Switches
from tests.tidy.sources import ROOT

CODE = re.compile(r"`([^`]+)`")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
AUDIT_LOG = (ROOT / "docs" / "audit-log.md").read_text("utf-8")
BACKTEST = (ROOT / "docs" / "backtest.md").read_text("utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
ROOMS = "| room | accepts | owns | if it fails |"


def rows(page: str, heading: str) -> Iterator[list[str]]:
    """The rows of the table under this head."""
    _, found, rest = page.partition(f"{heading}\n")
    assert found, heading
    for line in rest.splitlines()[1:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_the_map_of_the_rooms_has_each_room_once() -> None:
    named = [cell[0].partition(" (")[0] for cell in rows(ARCHITECTURE, ROOMS)]
    rooms = {each.text for each in vars(actors.names).values() if isinstance(each, ExactName)}
    assert sorted(named) == sorted({*rooms, "mcp.*"})


def messages(union: object) -> set[type]:
    """The classes of a protocol."""
    if isinstance(union, type):
        return {union}
    return {found for member in get_args(union) for found in messages(member)}


def answers_in(asked: type[Answered[Any]]) -> set[type]:
    """Whatever answers a message of this kind."""
    return {answer for each in asked.__subclasses__() for answer in {*each.answers, *answers_in(each)}}


def test_the_map_of_the_rooms_has_what_each_room_accepts() -> None:
    """Queries and answers are left out; state's requests, and what control is told of its socket, are named
    together."""
    answers = answers_in(Answered)
    for room, accepts, *_ in rows(ARCHITECTURE, ROOMS):
        parts = room.partition(" (")[0].removesuffix(".*").replace(".", "_").split("_")
        protocol = messages(getattr(protocols, f"{''.join(map(str.title, parts))}Protocol"))
        accepted = {each for each in protocol - answers if not issubclass(each, (Query, Recording))}
        told = {name for name in CODE.findall(accepts) if name != "Recording" and "/" not in name}
        assert told <= {each.__name__ for each in protocol}, room
        assert room == "control" or {each.__name__ for each in accepted} <= told, room


def test_each_outcome_of_a_cycle_is_explained_once() -> None:
    told = [
        name for names, *_ in rows(ARCHITECTURE, "| outcome | of | meaning |") for name in CODE.findall(names)
    ]
    assert sorted(told) == sorted(CycleOutcome)


def test_each_switch_of_the_laboratory_is_told_with_its_default() -> None:
    told = {name.strip("`"): default for name, default, _ in rows(BACKTEST, "| `lab.` | default | meaning |")}
    assert told == {name: _as_yaml(field.default) for name, field in Switches.model_fields.items()}


def _as_yaml(default: object) -> str:
    if default is None or isinstance(default, bool):
        return "null" if default is None else str(default).lower()
    return f"{default:g}" if isinstance(default, float) else f"`{default}`"


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


def test_a_word_is_found_in_the_glossary_by_its_place_and_stands_there_once() -> None:
    words = [word.strip("*").lower() for word, _ in rows(GLOSSARY, "| word | meaning |")]
    assert words == sorted(set(words))
