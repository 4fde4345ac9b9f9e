"""How far a paper run is: days, time left, and one line a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cli.paper.progress import Progress, duration_text
from gateway.paper.ledger import LedgerEntry

BEGAN = datetime(2026, 1, 5, tzinfo=UTC)


def progress(days: float, elapsed_s: float = 10.0) -> Progress:
    return Progress(BEGAN, BEGAN + timedelta(days=days), lambda: elapsed_s)


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (0.0, "day 1 of 28"),
        (7.0, "day 8 of 28, about 30 s left"),
        (8.5, "day 9 of 28, about 23 s left"),
        (28.0, "day 28 of 28, about 0 s left"),
    ],
)
def test_days_and_what_is_left_at_the_pace_so_far(passed: float, said: str) -> None:
    assert progress(28).text(BEGAN + timedelta(days=passed)) == said


def test_a_part_of_a_day_counts_as_one() -> None:
    assert progress(0.25).text(BEGAN) == "day 1 of 1"


def test_each_day_has_one_line_with_the_account() -> None:
    account = LedgerEntry(
        at=BEGAN,
        balance_eth=Decimal("10.01710000"),
        equity_eth=Decimal("10.0"),
        equity_usd=Decimal("31234.1"),
    )
    assert progress(28).day_line(BEGAN + timedelta(days=9), account) == (
        "2026-01-13  balance 10.01710000 ETH  equity 31,234.10 USD  day 9 of 28, about 21 s left"
    )


def test_durations_have_the_size_that_is_known() -> None:
    assert [duration_text(seconds) for seconds in (0.4, 59.0, 61.0, 3599.0, 12_600.0)] == [
        "0 s",
        "59 s",
        "1 min",
        "60 min",
        "3.5 h",
    ]
