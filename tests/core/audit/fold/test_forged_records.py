"""Records that somebody has forged: whatever they hold is folded or named, and ends no fold."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from actors.audit.files import whole_lines
from core.audit.fold.books import FoldedBooks
from core.audit.fold.forms import ContradictionError, ForgottenError
from core.audit.fold.log import finish, take
from core.audit.fold.running import RunningFold
from core.audit.hash_chain import read_record
from core.messages.audit import AuditKind
from tests.actors.state.books_room import BooksRoom, opened

VALUES: list[Any] = [None, -1, True, "x", [], {}, 10**30, "9e999999", "NaN", [[]], ""]
TRIES = 1500


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The log of an open position."""
    folder = tmp_path_factory.mktemp("forged")
    room = BooksRoom(folder).start()
    opened(room)
    room.stop()
    return list(whole_lines(folder / "audit"))


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*place, key))


def changed(detail: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(detail)
    inner: Any = made
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return made


def every(detail: dict[str, Any]) -> list[dict[str, Any]]:
    """The detail with each part of it replaced by each value, in an order of chance."""
    made = [(place, value) for place in places(detail) for value in VALUES]
    Random(8).shuffle(made)
    return [changed(detail, place, value) for place, value in made[:TRIES]]


def plain(detail: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(detail))
    return made


def test_whatever_a_forged_checkpoint_holds_it_is_one_or_it_is_refused(lines: list[bytes]) -> None:
    running = RunningFold()
    for line in lines:
        running.take(line)
    detail = plain(running.checkpoint())
    assert detail["live"]
    last = read_record(lines[-1])
    refused = 0
    for forged in every(detail):
        record = last._replace(seq=last.seq + 1, kind=AuditKind.CHECKPOINT, detail=forged)
        try:
            RunningFold.from_checkpoint(record).finished()
        except (ContradictionError, ForgottenError):
            refused += 1
    assert refused > TRIES / 10


def test_a_checkpoint_whose_amounts_cant_be_counted_is_refused(lines: list[bytes]) -> None:
    running = RunningFold()
    for line in lines:
        running.take(line)
    detail: Any = plain(running.checkpoint())
    place = detail["columns"]["cash_flows"].index("amount_eth")
    for row in detail["rows"]["cash_flows"]:
        row[place] = "9E+999999"
    last = read_record(lines[-1])
    with pytest.raises(ContradictionError, match="amounts that can be counted"):
        RunningFold.from_checkpoint(last._replace(seq=last.seq + 1, kind=AuditKind.CHECKPOINT, detail=detail))


@pytest.mark.parametrize("kind", ["PROPOSAL", "INSTRUCTION", "FILL", "ORDER", "POSITION"])
def test_whatever_a_forged_record_of_a_trade_holds_is_folded_or_named(lines: list[bytes], kind: str) -> None:
    records = [read_record(line) for line in lines]
    number = max(n for n, record in enumerate(records) if record.kind == kind)
    named = 0
    for forged in every(plain(records[number].detail))[:150]:
        books = FoldedBooks()
        for at, record in enumerate(records):
            take(books, record._replace(detail=forged) if at == number else record)
        finish(books)
        named += bool(books.problems)
    assert named > 0


def test_whatever_forged_rows_of_the_books_hold_is_folded_or_named(lines: list[bytes]) -> None:
    running = RunningFold()
    for line in lines:
        running.take(line)
    rows = plain(running.checkpoint())
    detail = {key: rows[key] for key in ("columns", "rows")} | {"part": 1, "parts": 1, "why": "break"}
    first = read_record(lines[0])
    for forged in every(detail):
        books = FoldedBooks()
        take(books, first._replace(kind=AuditKind.BOOKS, detail=forged))
        finish(books)
