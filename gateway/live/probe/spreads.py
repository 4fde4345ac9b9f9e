"""Which spreads the questions are asked about, and the numbers of an order for one."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Any, Final, NamedTuple

from gateway.live.probe.asking import ProbeCalls, RefusedError
from gateway.live.venue.methods import Method

COIN: Final = "ETH"
DAY_MS: Final = 86_400_000
DAYS_MIN, DAYS_MAX = 5, 25


class Spread(NamedTuple):
    """A combo of two options of one expiry, as the venue made it."""

    combo: str
    sold: str
    bought: str
    legs: dict[str, float]
    state: str

    @property
    def is_as_documented(self) -> bool:
        """Whether buying it buys the leg that was asked to be sold here, and sells the other."""
        return self.legs == {self.sold: 1, self.bought: -1}


class Listed(NamedTuple):
    """Options of one expiry, by strike, and the index."""

    index_usd: float
    puts: list[str]
    calls: list[str]


async def listed(ask: ProbeCalls) -> Listed:
    """The options that an entry may look at. Raises `RefusedError` if there are too few."""
    index = float((await ask.result(Method.GET_INDEX_PRICE, index_name="eth_usd"))["index_price"])
    rows = await ask.result(Method.GET_INSTRUMENTS, currency=COIN, kind="option")
    now = ask.now_ms
    near = [row for row in rows if DAYS_MIN <= (row["expiration_timestamp"] - now) / DAY_MS <= DAYS_MAX]
    for expiry in sorted({row["expiration_timestamp"] for row in near}):
        of = [row for row in near if row["expiration_timestamp"] == expiry]
        of.sort(key=lambda row: row["strike"])
        puts = [r["instrument_name"] for r in of if r["option_type"] == "put" and r["strike"] < index]
        calls = [r["instrument_name"] for r in of if r["option_type"] == "call" and r["strike"] > index]
        if len(puts) > 1 and len(calls) > 1:
            return Listed(index, puts, calls)
    raise RefusedError(f"no expiry {DAYS_MIN} to {DAYS_MAX} days ahead has two puts and two calls")


async def made(ask: ProbeCalls, sold: str, bought: str) -> Spread:
    """The combo that sells one option and buys the other. Raises `RefusedError`."""
    trades = [
        {"instrument_name": sold, "amount": 1, "direction": "sell"},
        {"instrument_name": bought, "amount": 1, "direction": "buy"},
    ]
    row = await ask.result(Method.CREATE_COMBO, trades=trades)
    legs = {leg["instrument_name"]: leg["amount"] for leg in row["legs"]}
    return Spread(row["id"], sold, bought, legs, row["state"])


def on_tick(price: float | Decimal, tick: Decimal) -> float:
    """The next price of the grid that is not below."""
    return float((Decimal(str(price)) / tick).to_integral_value(ROUND_CEILING) * tick)


def cheapest(ticker: dict[str, Any], tick: Decimal) -> float:
    """The lowest price that the venue takes, on the grid."""
    return on_tick(round(ticker["min_price"], 8), tick)
