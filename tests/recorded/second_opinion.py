"""Rules 4 to 6 once more, written from their words over the recorded rows, sharing no code with `core`.

Slow and plain on purpose: every pair of strikes is looked at, and the worst loss is searched on a grid of
delivery prices instead of at the points where it must lie. What both say of every snapshot must be the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from math import log, sqrt
from statistics import NormalDist
from typing import NamedTuple

from core.values import SpreadKind
from tests.recorded.market import Snapshot, expiration_of

DTE = (9.0, 11.0, 15.0)
DELTA, WIDTH = (0.15, 0.20, 0.25), (0.05, 0.08, 0.12)
DELTA_SCALE, WIDTH_SCALE = 0.05, 0.02
OPEN_INTEREST_MIN, VOLUME_MIN = 250.0, 10.0
SPREAD_SHORT_MAX, SPREAD_LONG_MAX = 0.15, 0.25
CREDIT_FLOOR, COST_MAX = 0.55, 0.37
FEE_ETH, FEE_OF_PRICE_MAX = 0.0003, 0.125
RISK_FRAC, CAP_USD, CONTRACTS_MAX = 0.015, 585.0, 4
GRID = 2_000
ROUNDING = 1e-12
"""Sums of doubles at their bound may stand a bit beside it."""


class Option(NamedTuple):
    name: str
    is_call: bool
    strike: float
    bid: float
    ask: float
    delta: float
    interest: float
    volume: float

    @property
    def mid(self) -> float:
        return (self.bid + self.ask) / 2

    @property
    def fee(self) -> float:
        return min(FEE_ETH, FEE_OF_PRICE_MAX * self.mid)

    def is_liquid(self, spread_max: float) -> bool:
        busy = self.interest >= OPEN_INTEREST_MIN and self.volume >= VOLUME_MIN
        return busy and (self.ask - self.bid) / self.mid <= spread_max + ROUNDING


class Opinion(NamedTuple):
    """The outcome in the words of `EntryOutcome`, the legs that were found, shorts first, and the size."""

    outcome: str
    legs: tuple[str, ...] = ()
    contracts: int = 0


Pair = tuple[Option, Option]


def opinion(snapshot: Snapshot, kind: SpreadKind, equity_usd: float, dvol: float) -> Opinion:
    """What rules 4, 5 and 6 make of this kind; account and DVOL enter the budget only."""
    options = list(_options(snapshot))
    sides = {
        SpreadKind.BULL_PUT: [False],
        SpreadKind.BEAR_CALL: [True],
        SpreadKind.IRON_CONDOR: [False, True],
    }
    best = [_best([o for o in options if o.is_call is side], snapshot.spot_usd) for side in sides[kind]]
    pairs = [pair for pair in best if pair is not None]
    if len(pairs) < len(best):
        return Opinion("no_strikes")
    legs = (*(short.name for short, _ in pairs), *(long.name for _, long in pairs))
    if not _is_worth(pairs, snapshot.spot_usd):
        return Opinion("not_worth", legs)
    budget = min(RISK_FRAC * equity_usd, CAP_USD) * min(max(60.0 / dvol, 0.7), 1.0)
    contracts = min(CONTRACTS_MAX, int(budget / _worst_loss_usd(pairs, snapshot.spot_usd)))
    return Opinion("propose" if contracts else "undersize", legs, contracts)


def _options(snapshot: Snapshot) -> Iterator[Option]:
    """The two-sided quotes of the chosen expiry."""
    at, near = snapshot.at, DTE[1]
    expiries = {
        row["instrument_name"].split("-")[1]: expiration_of(row["instrument_name"]) for row in snapshot.rows
    }
    ages = {day: (expiry - at) / timedelta(days=1) for day, expiry in expiries.items()}
    fitting = {day: age for day, age in ages.items() if DTE[0] <= age <= DTE[2]}
    if not fitting:
        return
    chosen = min(fitting, key=lambda day: (abs(fitting[day] - near), fitting[day]))
    for row in snapshot.rows:
        _, day, strike_text, letter = row["instrument_name"].split("-")
        if day == chosen and row["bid_price"] and row["ask_price"]:
            strike, forward = float(strike_text), float(row["underlying"])
            s = float(row["implied_volatility"]) * sqrt(fitting[day] / 365.0)
            n_d1 = NormalDist().cdf(log(forward / strike) / s + s / 2)
            yield Option(
                row["instrument_name"],
                letter == "C",
                strike,
                float(row["bid_price"]),
                float(row["ask_price"]),
                n_d1 if letter == "C" else n_d1 - 1,
                float(row["open_interest"]),
                float(row["volume"]),
            )


def _best(side: list[Option], spot: float) -> Pair | None:
    fitting: list[tuple[float, float, float, Pair]] = []
    for short in side:
        for long in side:
            beyond = long.strike - short.strike if short.is_call else short.strike - long.strike
            width = beyond / spot
            if (
                DELTA[0] <= abs(short.delta) <= DELTA[2]
                and WIDTH[0] <= width <= WIDTH[2]
                and short.is_liquid(SPREAD_SHORT_MAX)
                and long.is_liquid(SPREAD_LONG_MAX)
            ):
                far = abs(abs(short.delta) - DELTA[1]) / DELTA_SCALE + abs(width - WIDTH[1]) / WIDTH_SCALE
                near = abs(short.strike - spot), abs(long.strike - spot)
                fitting.append((round(far, 9), *near, (short, long)))
    return min(fitting)[3] if fitting else None


def _is_worth(pairs: list[Pair], spot: float) -> bool:
    natural = sum(short.bid - long.ask for short, long in pairs)
    mid = sum(short.mid - long.mid for short, long in pairs)
    wider = max(abs(short.strike - long.strike) for short, long in pairs)
    deltas = sum((abs(short.delta) + abs(long.delta)) / 2 for short, long in pairs)
    legs = [leg for pair in pairs for leg in pair]
    cost = sum(leg.ask - leg.bid for leg in legs) + 2 * sum(leg.fee for leg in legs)
    return natural * spot / wider >= CREDIT_FLOOR * deltas - ROUNDING and cost / mid <= COST_MAX + ROUNDING


def _worst_loss_usd(pairs: list[Pair], spot: float) -> float:
    fees = 2 * sum(leg.fee for pair in pairs for leg in pair)
    credit = sum(short.bid - long.ask for short, long in pairs)
    prices = [spot * (0.5 + 1.5 * step / GRID) for step in range(GRID + 1)]
    prices += [leg.strike for pair in pairs for leg in pair if 0.5 * spot < leg.strike < 2 * spot]
    return max(
        sum(_payoff_usd(short, price) - _payoff_usd(long, price) for short, long in pairs)
        + price * (fees - credit)
        for price in prices
    )


def _payoff_usd(option: Option, price: float) -> float:
    return max(0.0, price - option.strike if option.is_call else option.strike - price)
