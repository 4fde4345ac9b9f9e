"""The simulated venue's deliveries, its transaction log, and the prices at which it delivered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from core.contract import Settlement
from gateway.sim.desk import SimDesk
from gateway.sim.errors import RpcError, invalid_params
from gateway.sim.trades import SimTrades, log_row, ms_of
from gateway.sim.ways import Ways

LOG_COUNT_MAX: Final = 250
HISTORY_COUNT_MAX: Final = 1000
DAY: Final = timedelta(days=1)
SETTLES_AT: Final = timedelta(hours=8)


class SimDeliveries:
    """What expired in the account, and for how much."""

    def __init__(self, desk: SimDesk, trades: SimTrades, ways: Ways) -> None:
        self._desk = desk
        self._trades = trades
        self._ways = ways

    def require_open(self, now: datetime) -> None:
        """Raise 10041 while the venue settles."""
        since = now - now.replace(hour=0, minute=0, second=0, microsecond=0) - SETTLES_AT
        if timedelta(0) <= since < timedelta(seconds=self._ways.settling_s):
            raise RpcError(10041, "settlement_in_progress")

    def history(self, params: dict[str, Any]) -> dict[str, object]:
        """`private/get_settlement_history_by_currency` of deliveries, newest first, in pages."""
        rows = [
            {
                "type": "delivery",
                "timestamp": ms_of(each.timestamp),
                "instrument_name": each.instrument_name,
                "position": abs(float(each.size)),
                "index_price": float(each.delivery_price),
                "mark_price": self._paid(each),
                "profit_loss": float(each.cash_flow) * 0.9,
                "session_profit_loss": float(each.cash_flow) * 0.8,
            }
            for _, each in self._told()
        ]
        if params.get("type", "delivery") != "delivery":
            rows = []
        page, following = _page(list(reversed(rows)), params, HISTORY_COUNT_MAX, 20)
        return {"settlements": page, "continuation": following}

    def log(self, params: dict[str, Any]) -> dict[str, object]:
        """`private/get_transaction_log`, newest first, in pages."""
        start, end = (params.get(name) for name in ("start_timestamp", "end_timestamp"))
        if not isinstance(start, int) or not isinstance(end, int):
            raise invalid_params("start_timestamp", "must be an integer")
        rows = [*self._trades.logged(), *(self._logged(key, each) for key, each in self._told())]
        query = params.get("query")
        found = [
            row
            for row in rows
            if start <= int(str(row["timestamp"])) <= end and query in (None, "", row["type"])
        ]
        found.sort(key=lambda row: int(str(row["timestamp"])), reverse=True)
        page, following = _page(found, params, LOG_COUNT_MAX, 100)
        return {"logs": page, "continuation": following}

    def prices(self, params: dict[str, Any], now: datetime) -> dict[str, object]:
        """`public/get_delivery_prices`, newest first; a day is there a while after its delivery."""
        if params.get("index_name") != "eth_usd":
            raise invalid_params("index_name", "unknown index")
        offset, count = int(params.get("offset", 0)), int(params.get("count", 10))
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        first = midnight + SETTLES_AT
        if now < first + timedelta(seconds=self._ways.delivered_after_s):
            first -= DAY
        source = self._desk.books.source
        # Before that there was no market.
        known = max(0, (first - source.start) // DAY)
        days = [first - n * DAY for n in range(offset, min(offset + count, known))]
        data = [
            {"date": f"{day:%Y-%m-%d}", "delivery_price": round(source.delivery_price_usd(day), 2)}
            for day in days
        ]
        return {"data": data, "records_total": known}

    def _told(self) -> list[tuple[str, Settlement]]:
        """The deliveries that are in the lists by now."""
        waits = timedelta(seconds=self._ways.delivered_after_s)
        return [
            (key, each)
            for key, each in self._desk.account.settlements.items()
            if self._desk.books.clock >= each.timestamp + waits
            and (self._ways.worthless_rows or each.cash_flow != 0)
        ]

    def _logged(self, key: str, each: Settlement) -> dict[str, object]:
        change = each.cash_flow - each.fee
        return log_row(
            key,
            {
                "type": "delivery",
                "trade_id": None,
                "order_id": None,
                "instrument_name": each.instrument_name,
                "timestamp": ms_of(each.timestamp),
                "side": "close sell" if each.size > 0 else "close buy",
                "price": self._paid(each),
                "price_currency": "ETH",
                "amount": abs(float(each.size)),
                "change": float(change),
                "cashflow": float(each.cash_flow),
                "commission": float(each.fee),
                "index_price": float(each.delivery_price),
                "position": 0.0,
                "user_role": "-",
                "info": {"settlement_price": float(each.delivery_price)},
            },
        )

    @staticmethod
    def _paid(each: Settlement) -> float:
        return abs(float(each.cash_flow / each.size))


def _page(
    rows: list[dict[str, object]], params: dict[str, Any], most: int, default: int
) -> tuple[list[dict[str, object]], str | None]:
    count, after = params.get("count", default), params.get("continuation") or "0"
    if not isinstance(count, int) or not 1 <= count <= most:
        raise invalid_params("count", f"must be at most {most}")
    if not str(after).isdigit():
        raise invalid_params("continuation", "unknown value")
    begin = int(after)
    following = str(begin + count) if begin + count < len(rows) else None
    return rows[begin : begin + count], following
