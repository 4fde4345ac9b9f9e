"""Only what has no time of day is a day alone; a midnight that says so is a midnight."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.paper.instruments import parse_instrument
from lab.backtest.columns_moments import Moments
from tests.backtest.mapped_file import NAMES, csv_text, market_of, sound_rows

DAY_AT_08 = 8 * 3600


def read(texts: Sequence[str], day_s: int = DAY_AT_08) -> list[str]:
    """The moments of a column."""
    moments = Moments(day_s)
    seconds = moments.settled(array("q", map(moments.__getitem__, texts)))
    return [f"{datetime.fromtimestamp(at, UTC):%dT%H:%M:%S}" for at in seconds]


@pytest.mark.parametrize(
    ("texts", "moments"),
    [
        (["2026-01-05", "2026-01-06"], ["05T08:00:00", "06T08:00:00"]),
        (["20260105"], ["05T08:00:00"]),
        (["2026-01-05T00:00:00Z", "2026-01-06T00:00:00+00:00"], ["05T00:00:00", "06T00:00:00"]),
        (["2026-01-05T00:00:00Z", "2026-01-05T04:00:00Z"], ["05T00:00:00", "05T04:00:00"]),
        (["2026-01-05T02:00:00+02:00"], ["05T00:00:00"]),
        # No zone: UTC, and days alone where all of them are midnights.
        (["2026-01-05 00:00:00", "2026-01-06 00:00:00"], ["05T08:00:00", "06T08:00:00"]),
        (["2026-01-05 00:00:00", "2026-01-05"], ["05T08:00:00", "05T08:00:00"]),
        (["2026-01-05 00:00:00", "2026-01-05 04:00:00"], ["05T00:00:00", "05T04:00:00"]),
        (["2026-01-05 04:00:00", "2026-01-06 00:00:00"], ["05T04:00:00", "06T00:00:00"]),
        (["2026-01-05", "2026-01-06T00:00:00Z"], ["05T08:00:00", "06T00:00:00"]),
        (["2026-01-05T14:00:00.999Z"], ["05T14:00:00"]),
    ],
)
def test_a_day_stands_at_the_time_of_the_map_and_a_moment_where_it_is(
    texts: list[str], moments: list[str]
) -> None:
    assert read(texts) == moments


def test_days_stand_at_midnight_if_the_map_says_so() -> None:
    assert read(["2026-01-05", "2026-01-06 00:00:00"], 0) == ["05T00:00:00", "06T00:00:00"]


@pytest.mark.parametrize("text", ["", "x", "1767607200", "1767607200000", "2026-13-01", "05/01/2026"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid isoformat|month must be|doesn't say what it counts"):
        Moments(DAY_AT_08)[text]


@given(st.integers(1_262_304_000, 4_070_908_800))
def test_a_moment_with_its_zone_is_never_moved(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert read([moment.isoformat()]) == [f"{moment:%dT%H:%M:%S}"]


def test_snapshots_of_midnight_and_of_a_later_hour_are_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "chains.csv"
    text = csv_text(sound_rows()).replace("T14:00:00Z", "T00:00:00Z").replace("T18:00:00Z", "T04:00:00Z")
    path.write_text(text, "utf-8")
    market = market_of(path)
    assert [market.start.hour, market.last.hour] == [0, 4]


def test_an_option_expires_at_eight_whenever_days_alone_are_looked_at(tmp_path: Path) -> None:
    """Its name tells the day alone, and it is looked up by its name."""
    path = tmp_path / "chains.csv"
    text = csv_text(sound_rows()).replace("05T14:00:00Z", "05").replace("05T18:00:00Z", "06")
    path.write_text(text, "utf-8")
    market = market_of(path, NAMES.model_copy(update={"time_of_day": "16:00"}))
    (expiry,) = market.expiries(market.start)
    put = parse_instrument("ETH-16JAN26-2500-P")
    assert (market.start.hour, expiry) == (16, put.expiration)
    assert market.quote(market.start, put) is not None
