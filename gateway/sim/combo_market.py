"""The market of a combo: what its legs imply, as the paper venue's combos trade against their legs' books.

Seen in public: a combo's ticker has no open interest and no settlement price; its volatility may be below
0.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from core.contract import OrderLeg
from gateway.sim.combos import Combo, SimCombos
from gateway.sim.desk import SimDesk
from gateway.sim.errors import RpcError
from gateway.sim.moods import Moods

ZERO: Final = Decimal(0)
TICK: Final = 0.0001


class ComboMarket:
    """Tickers, books and descriptions of combos."""

    def __init__(self, desk: SimDesk, combos: SimCombos, words: Moods) -> None:
        self._desk = desk
        self._combos = combos
        self._words = words

    def ticker(self, combo: Combo, now_ms: int) -> dict[str, object]:
        """`public/ticker` of a combo. Raises `RpcError` if a leg is not listed any more."""
        bought, sold = (_legs(combo, sign) for sign in (1, -1))
        limits = self._desk.books.limits_eth(bought)
        if limits is None:
            raise RpcError(13020, "not_found")
        ask, ask_size = self._desk.natural_eth(bought)
        bid, bid_size = self._desk.natural_eth(sold)
        state, index = self._combos.state(combo, now_ms), float(self._desk.books.index_usd())
        is_active = state == "active"
        mark = sum((leg.amount * self._desk.books.mark_eth(leg.instrument_name) for leg in combo.legs), ZERO)
        ask_eth, bid_eth = (0.0 if each is None else float(each) for each in (ask and -ask, bid))
        row: dict[str, object] = {
            "instrument_name": combo.id,
            "timestamp": now_ms,
            "state": "open" if is_active else "inactive",
            "combo_state": state,
            "best_ask_price": self._words.price(ask_eth) if is_active else 0.0,
            "best_ask_amount": float(ask_size) if is_active else 0.0,
            "best_bid_price": self._words.price(bid_eth) if is_active else 0.0,
            "best_bid_amount": float(bid_size) if is_active else 0.0,
            "implied_bid": bid_eth,
            "implied_ask": ask_eth,
            "mark_price": self._words.price(float(mark)),
            "min_price": float(limits[0]),
            "max_price": float(limits[1]),
            "last_price": None,
            "index_price": index,
            "underlying_price": index,
            "underlying_index": "index_price",
            "estimated_delivery_price": index,
            "interest_rate": 0.0,
            "mark_iv": -3.23,
            "bid_iv": 0.0,
            "ask_iv": 0.0,
            "greeks": dict.fromkeys(("delta", "gamma", "theta", "vega", "rho"), 0.0),
            "stats": {"volume": None, "price_change": None, "low": None, "high": None},
        }
        return self._words.dressed(row, ("implied_bid", "implied_ask", "combo_state", "interest_rate"))

    def book(self, combo: Combo, now_ms: int) -> dict[str, object]:
        """`public/get_order_book` of a combo: one level a side."""
        row = self.ticker(combo, now_ms)
        row["change_id"] = now_ms
        for side in ("bid", "ask"):
            price, amount = row[f"best_{side}_price"], row[f"best_{side}_amount"]
            row[f"{side}s"] = [[price, amount]] if amount else []
        return row

    def listed(self, now_ms: int) -> list[dict[str, object]]:
        """`public/get_instruments` of combos: those whose books are open."""
        return [self.instrument(combo, now_ms) for combo in self._open(now_ms)]

    def summaries(self, now_ms: int) -> list[dict[str, object]]:
        """`public/get_book_summary_by_currency` of combos."""
        tickers = [self.ticker(combo, now_ms) for combo in self._open(now_ms)]
        return [
            {
                "instrument_name": row["instrument_name"],
                "base_currency": "ETH",
                "quote_currency": "ETH",
                "creation_timestamp": now_ms,
                "bid_price": row["best_bid_price"] if row["best_bid_amount"] else None,
                "ask_price": row["best_ask_price"] if row["best_ask_amount"] else None,
                "mark_price": row["mark_price"],
                "mid_price": None,
                "last": None,
                "low": None,
                "high": None,
                "price_change": None,
                "volume": 0.0,
                "volume_usd": 0.0,
            }
            for row in tickers
        ]

    def _open(self, now_ms: int) -> list[Combo]:
        return [
            combo
            for combo in self._combos.known()
            if self._combos.state(combo, now_ms) == "active" and now_ms < combo.expires_ms
        ]

    def instrument(self, combo: Combo, now_ms: int) -> dict[str, object]:
        """`public/get_instrument` of a combo."""
        state = self._combos.state(combo, now_ms)
        return {
            "kind": "option_combo",
            "instrument_name": combo.id,
            "instrument_id": combo.number,
            "instrument_type": "reversed",
            "underlying_type": "crypto",
            "price_index": "eth_usd",
            "base_currency": "ETH",
            "quote_currency": "ETH",
            "counter_currency": "USD",
            "settlement_currency": "ETH",
            "settlement_period": "week",
            "tick_size": TICK,
            "tick_size_steps": [],
            "contract_size": 1.0,
            "min_trade_amount": 1.0,
            "maker_commission": 0.0,
            "taker_commission": 0.0,
            "creation_timestamp": combo.created_ms,
            "expiration_timestamp": combo.expires_ms,
            "is_active": state == "active",
            "state": "open" if state == "active" else "inactive",
        }


def _legs(combo: Combo, sign: int) -> tuple[OrderLeg, ...]:
    return tuple(
        OrderLeg(
            instrument_name=leg.instrument_name,
            side="buy" if leg.amount * sign > 0 else "sell",
            ratio=abs(leg.amount),
        )
        for leg in combo.legs
    )
