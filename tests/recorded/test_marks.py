"""The venue's marks, recorded over four months: our price and delta from its IV and forward are its own.

A sample of the snapshots by default, all of them under the mark `soak`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

import pytest

from core.pricing.black76 import black76_price_eth, delta, vega_usd_per_point, year_fraction
from core.pricing.implied_vol import implied_vol
from core.values import OptionType
from tests.recorded.market import SAMPLE_EVERY, recorded_snapshots

pytestmark = pytest.mark.recorded

ROWS_MIN = {1: 300_000, SAMPLE_EVERY: 60_000}
"""The record holds 481 snapshots of 632 to 984 contracts."""
TYPES = {"P": OptionType.PUT, "C": OptionType.CALL}
EXPIRY_TIME = "08"


class Marked(NamedTuple):
    """One recorded contract, and what we make of it from its IV and forward."""

    option_type: OptionType
    forward_usd: float
    strike_usd: float
    t_years: float
    sigma_frac: float
    mark_eth: float
    recorded_delta: float
    recorded_vega: float
    price_eth: float
    delta: float


@dataclass(frozen=True)
class Marks:
    """All recorded contracts, and those with |delta| below 0.90."""

    every: list[Marked]
    inner: list[Marked]


def recorded_rows(folder: Path, every: int) -> Iterator[Marked]:
    expirations: dict[str, datetime] = {}
    for rows in recorded_snapshots(folder, every):
        for row in rows:
            _, day, strike, letter = row["instrument_name"].split("-")
            if day not in expirations:
                expirations[day] = datetime.strptime(f"{day} {EXPIRY_TIME} +0000", "%d%b%y %H %z")
            at = datetime.fromisoformat(row["timestamp"]).astimezone(UTC)
            market = (
                float(row["underlying"]),
                float(strike),
                year_fraction(at, expirations[day]),
                float(row["implied_volatility"]),
            )
            option_type = TYPES[letter]
            yield Marked(
                option_type,
                *market,
                float(row["mark_price"]),
                float(row["delta"]),
                float(row["vega"]),
                black76_price_eth(option_type, *market),
                delta(option_type, *market),
            )


@pytest.fixture(scope="module")
def marks(recorded_data: Path, every: int) -> Marks:
    found = list(recorded_rows(recorded_data, every))
    return Marks(found, [mark for mark in found if abs(mark.delta) < 0.90])


def test_the_record_was_read(marks: Marks, every: int) -> None:
    assert len(marks.every) > ROWS_MIN[every]
    assert len(marks.inner) > ROWS_MIN[every] / 2


def test_price_is_the_recorded_mark(marks: Marks) -> None:
    """Median error below 1e-5 ETH, 99 % below 3e-4 for |delta| < 0.90."""
    errors = [abs(mark.price_eth - mark.mark_eth) for mark in marks.inner]
    assert median(errors) < 1e-5
    assert quantiles(errors, n=100)[98] < 3e-4


def test_act_365_fits_the_marks_better_than_a_leap_year_s_mean(marks: Marks) -> None:
    """With 365.25 days the median error is more than twice as large: the day count is the venue's."""
    sample = marks.inner[::20]
    ours = median(abs(mark.price_eth - mark.mark_eth) for mark in sample)
    other = median(
        abs(
            black76_price_eth(
                mark.option_type,
                mark.forward_usd,
                mark.strike_usd,
                mark.t_years * 365 / 365.25,
                mark.sigma_frac,
            )
            - mark.mark_eth
        )
        for mark in sample
    )
    assert other > 2.0 * ours


def test_delta_is_the_recorded_one(marks: Marks) -> None:
    """Within 0.01 at the median, though the record read its deltas minutes after its prices."""
    assert median(abs(mark.delta - mark.recorded_delta) for mark in marks.inner) < 0.01


def test_vega_is_the_recorded_one(marks: Marks) -> None:
    """USD a vol point: within 0.5 % at the median, for the same reason."""
    sample = [mark for mark in marks.inner[::20] if mark.recorded_vega > 0.1]
    ratios = [
        abs(
            vega_usd_per_point(mark.forward_usd, mark.strike_usd, mark.t_years, mark.sigma_frac)
            / mark.recorded_vega
            - 1.0
        )
        for mark in sample
    ]
    assert median(ratios) < 0.005


def test_the_mark_implies_the_recorded_volatility(marks: Marks) -> None:
    """Within 0.05 vol points at the median, if the mark has the digits to tell it."""
    errors = []
    for mark in marks.inner[::20]:
        if 0.10 < abs(mark.delta) < 0.90:
            implied = implied_vol(
                mark.option_type, mark.forward_usd, mark.strike_usd, mark.t_years, mark.mark_eth
            )
            assert isinstance(implied, float)
            errors.append(abs(implied - mark.sigma_frac))
    assert median(errors) < 5e-4
