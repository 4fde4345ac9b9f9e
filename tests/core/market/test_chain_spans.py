"""Which expiries are read."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.market.chain_spans import entry_span, stored_span
from core.strategy import StrikesSection

NOW = datetime.fromisoformat("2026-01-05T14:00:00+00:00")


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


@pytest.mark.parametrize(
    ("dte", "first_last"),
    [((9.0, 11.0, 15.0), (9, 16)), ((13.0, 14.0, 30.0), (13, 30)), ((60.0, 70.0, 90.0), (60, 158))],
)
def test_an_entry_reads_so_far_that_an_expiry_is_listed(
    dte: tuple[float, float, float], first_last: tuple[int, int]
) -> None:
    strikes = StrikesSection(dte_min=dte[0], dte_target=dte[1], dte_max=dte[2])
    assert entry_span(NOW, strikes, ()) == (days(first_last[0]), days(first_last[1]))


def test_the_expiries_of_what_is_held_are_read_too_and_those_that_are_over_are_not() -> None:
    assert entry_span(NOW, StrikesSection(), (days(4), days(40), days(-1))) == (days(4), days(40))
    assert stored_span(NOW, (days(2),)) == (days(2), days(25))
    assert stored_span(NOW, ()) == (days(5), days(25))
