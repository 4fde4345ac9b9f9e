"""What a look checks is what the books hold at that moment, although it reads each part of them once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from config import load_strategy
from lab.invariants import Moment
from lab.invariants.folder import FolderBooks
from lab.simulate import judge
from lab.simulate.hunt import Hunt
from tests.simulate.planted import STRATEGY


def rows_of(books: FolderBooks) -> tuple[object, ...]:
    return tuple(books.cycles), tuple(books.orders), tuple(books.positions), tuple(books.live)


def test_each_look_reads_the_books_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[FolderBooks] = []
    real = judge.Judge.check

    def check(
        self: judge.Judge, moment: Moment, books: Mapping[str, FolderBooks] = judge.NOTHING_READ
    ) -> None:
        for each in books.values():
            if each.exist:
                assert rows_of(each) == rows_of(FolderBooks(each._data_dir))
                told.append(each)
        real(self, moment, books)

    monkeypatch.setattr(judge.Judge, "check", check)
    hunt = Hunt(days=1.2, profile="none", is_sparse=True, loaded=load_strategy(STRATEGY))
    outcome = hunt.run(hunt.drawn(1))
    assert outcome.found is None
    assert len(told) == outcome.looks
    assert len({len(each.cycles) for each in told}) > 2, "the books grew between looks"
