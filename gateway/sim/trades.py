"""The simulated venue's trades of an account: each fill of a combo with the trades of its legs.

Seen in public: the combo's trade carries its legs; each leg is a trade of its own instrument, too, tagged
with the combo and with the combo's trade as text, a millisecond later and off its tick. What else a leg's
row has for its owner nobody has published: it is as `Ways.trades` says.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from core.contract import Trade
from gateway.sim.desk import Placed, SimDesk
from gateway.sim.errors import RpcError, invalid_params
from gateway.sim.fills import SimFill
from gateway.sim.moods import Moods
from gateway.sim.ways import Ways

RECENT: Final = timedelta(hours=24)
COUNT_MAX: Final = 1000
KINDS: Final = ("any", "option", "option_combo", "combo", "future", "future_combo", "spot")


def ms_of(at: datetime) -> int:
    """Milliseconds since 1970."""
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


class SimTrades:
    """What the account has traded."""

    def __init__(self, desk: SimDesk, ways: Ways, words: Moods, seed: int) -> None:
        self._desk = desk
        self._ways = ways
        self._words = words
        self._seed = seed

    def by_order(self, params: dict[str, Any]) -> list[dict[str, object]]:
        """`private/get_user_trades_by_order`."""
        order_id = str(params.get("order_id"))
        if order_id not in self._desk.placed:
            raise RpcError(10004, "order_not_found")
        rows = [
            row
            for fill in self._desk.account.fills
            if fill.order_id == order_id and self._is_there(fill, params)
            for kind, row in self._rows(fill)
            if kind == "option_combo" or len(fill.legs) == 1 or self._ways.trades == "full"
        ]
        return self._sorted(rows, params)

    def by_time(self, params: dict[str, Any]) -> dict[str, object]:
        """`private/get_user_trades_by_currency_and_time`: what lies within, at most `count` of it."""
        start, end = (params.get(name) for name in ("start_timestamp", "end_timestamp"))
        if not isinstance(start, int) or not isinstance(end, int):
            raise invalid_params("start_timestamp", "must be an integer")
        return self._page(params, start, end)

    def of_all(self, params: dict[str, Any]) -> dict[str, object]:
        """`private/get_user_trades_by_currency`, or by instrument: without a time that must be named."""
        return self._page(params, 0, ms_of(self._desk.books.clock) + self._ways.legs_late_ms)

    def _page(self, params: dict[str, Any], start: int, end: int) -> dict[str, object]:
        kind, count = params.get("kind", "any"), params.get("count", 10)
        if kind not in KINDS:
            raise invalid_params("kind", "unknown value")
        if not isinstance(count, int) or not 1 <= count <= COUNT_MAX:
            raise invalid_params("count", f"must be at most {COUNT_MAX}")
        name = params.get("instrument_name")
        rows = [
            row
            for fill in self._desk.account.fills
            if self._is_there(fill, params)
            for of, row in self._rows(fill)
            if kind in ("any", of)
            and name in (None, row["instrument_name"])
            and start <= int(str(row["timestamp"])) <= end
        ]
        rows = self._sorted(rows, params)
        return {"trades": rows[:count], "has_more": len(rows) > count}

    def placed_rows(self, fills: list[SimFill]) -> list[dict[str, object]]:
        """The trades that come with an order's own answer."""
        return [
            row for fill in fills for kind, row in self._rows(fill) if kind != "option" or len(fill.legs) == 1
        ]

    def logged(self) -> list[dict[str, object]]:
        """The trades of legs as the transaction log has them, oldest first."""
        return [self._logged(fill, leg) for fill in self._desk.account.fills for leg in fill.legs]

    def _rows(self, fill: SimFill) -> list[tuple[str, dict[str, object]]]:
        placed = self._desk.placed[fill.order_id]
        if len(fill.legs) == 1:
            leg = fill.legs[0]
            row = self._leg(leg, 0, None) | self._owned(fill, placed, leg.fee)
            return [("option", self._words.dressed(row, ("mark_price",)))]
        asked = placed.asked
        with_fees = self._ways.trades == "parent"
        legs = [self._leg(leg, self._ways.legs_late_ms, fill) for leg in fill.legs]
        told = [
            row | ({"fee": float(leg.fee), "fee_currency": "ETH"} if with_fees else {})
            for row, leg in zip(legs, fill.legs, strict=True)
        ]
        parent: dict[str, object] = {
            "trade_id": fill.trade_id,
            "trade_seq": fill.number,
            "timestamp": ms_of(fill.at),
            "instrument_name": asked.instrument,
            "price": self._words.price(float(-asked.sign * fill.received_eth)),
            "amount": float(fill.amount),
            "contracts": float(fill.amount),
            "direction": asked.direction,
            "index_price": float(fill.legs[0].index_price),
            "mark_price": float(round(-asked.sign * fill.received_eth, 4)),
            "tick_direction": 1,
            "combo_id": asked.instrument,
            "legs": told,
        }
        parent |= self._owned(fill, placed, Decimal(0))
        found = [("option_combo", self._words.dressed(parent, ("mark_price", "combo_id")))]
        if self._ways.trades != "parent":
            is_full = self._ways.trades == "full"
            for row, leg in zip(legs, fill.legs, strict=True):
                owned = self._owned(fill, placed, leg.fee) if is_full else {"state": "filled", "user_id": 1}
                found.append(("option", self._words.dressed(row | owned, ("mark_price", "iv"))))
        return found

    def _leg(self, leg: Trade, late_ms: int, of: SimFill | None) -> dict[str, object]:
        row: dict[str, object] = {
            "trade_id": leg.trade_id,
            "trade_seq": int(leg.trade_id.rsplit("-", 1)[1]),
            "timestamp": ms_of(leg.timestamp) + late_ms,
            "instrument_name": leg.instrument_name,
            "price": self._words.price(float(leg.price)),
            "amount": float(leg.amount),
            "contracts": float(leg.amount),
            "direction": leg.side,
            "index_price": float(leg.index_price),
            "mark_price": float(leg.price),
            "iv": 60.0,
            "tick_direction": 1,
        }
        if of is not None:
            row["combo_id"] = self._desk.placed[of.order_id].asked.instrument
            row["combo_trade_id"] = of.trade_id
        return row

    def _owned(self, fill: SimFill, placed: Placed, fee: Decimal) -> dict[str, object]:
        """What a trade has for its owner alone."""
        return {
            "order_id": fill.order_id,
            "label": placed.asked.label,
            "order_type": "limit",
            "state": "filled",
            "liquidity": "T",
            "fee": self._words.price(float(fee)),
            "fee_currency": "ETH",
            "post_only": placed.asked.post_only,
            "reduce_only": placed.asked.reduce_only,
            "self_trade": False,
            "risk_reducing": False,
            "mmp": False,
            "api": True,
            "matching_id": None,
            "profit_loss": 0.0,
            "user_id": self._ways.account_id,
        }

    def _logged(self, fill: SimFill, leg: Trade) -> dict[str, object]:
        change = (1 if leg.side == "sell" else -1) * leg.price * leg.amount - leg.fee
        return log_row(
            leg.trade_id,
            {
                "type": "trade",
                "trade_id": leg.trade_id,
                "order_id": fill.order_id,
                "instrument_name": leg.instrument_name,
                "timestamp": ms_of(leg.timestamp) + self._ways.legs_late_ms,
                "side": f"open {leg.side}",
                "price": float(leg.price),
                "price_currency": "ETH",
                "amount": float(leg.amount),
                "change": float(change),
                "cashflow": float(change),
                "commission": float(leg.fee),
                "user_role": "taker",
                "info": "Source: api",
            },
        )

    def _is_there(self, fill: SimFill, params: dict[str, Any]) -> bool:
        """Whether it is in the half that is asked for: recent, or older and indexed."""
        age = self._desk.books.clock - fill.at
        if params.get("historical") is not True:
            return age < RECENT
        wait_s = Random(f"{self._seed}:{fill.trade_id}").uniform(*self._ways.indexed_after_s)
        return age >= RECENT + timedelta(seconds=wait_s)

    @staticmethod
    def _sorted(rows: list[dict[str, object]], params: dict[str, Any]) -> list[dict[str, object]]:
        newest_first = params.get("sorting", "desc") != "asc"
        key: Callable[[dict[str, object]], int] = lambda row: int(str(row["timestamp"]))  # noqa: E731
        return sorted(rows, key=key, reverse=newest_first)


def log_row(key: str, row: dict[str, object]) -> dict[str, object]:
    """One row of the transaction log, with what every one of them has."""
    number = int(key.rsplit("-", 1)[1])
    every = {
        "id": number,
        "user_seq": number,
        "user_id": 1,
        "username": "sim",
        "currency": "ETH",
        "balance": 0.0,
        "equity": 0.0,
        "position": None,
        "interest_pl": None,
        "profit_as_cashflow": False,
    }
    return every | row
