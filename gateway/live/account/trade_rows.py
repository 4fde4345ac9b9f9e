"""Trades as the venue lists them: rows read field by field, both halves of its record, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError, VenueError
from gateway.live.fields import AnswerFields, ms_of, rows_of
from gateway.live.market.instruments import COIN, money, plain
from gateway.live.venue.codes import NOT_FOUND
from gateway.live.venue.limits import Priority
from gateway.live.venue.methods import Method
from gateway.live.venue.reads import DeribitReads

PAGE: Final = 1000
PAGES_MAX: Final = 50
LOG_PAGE: Final = 250
RECENT: Final = timedelta(hours=23)
"""What is older may have left the recent half, which has 24 hours."""
ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class TradeRow:
    """One row of the venue's. What is None was not said."""

    trade_id: str
    instrument: str
    direction: str
    amount: Decimal
    price: Decimal
    at: datetime
    index_price: Decimal | None
    order_id: str | None
    label: str | None
    fee: Decimal | None
    parent_id: str | None
    """The trade of a combo of which it is a leg."""
    legs: tuple[TradeRow, ...]


def trade_row(row: AnswerFields) -> TradeRow:
    """Read one. Raises `AnomalyError` naming the field; a fee in another currency or below 0 is one."""
    fee = row.decimal("fee") if row.has("fee") else None
    if fee is not None and (fee < 0 or (row.has("fee_currency") and row.text("fee_currency") != COIN)):
        raise AnomalyError(f"trade: fee: expected at least 0 {COIN}, found {fee} {row.value('fee_currency')}")
    return TradeRow(
        trade_id=_id(row.value("trade_id")),
        instrument=row.text("instrument_name"),
        direction=row.text("direction"),
        amount=plain(row.decimal("amount")),
        price=money(row.decimal("price")),
        at=row.time("timestamp"),
        index_price=(
            plain(row.decimal("index_price").quantize(Decimal("0.0001"))) if row.has("index_price") else None
        ),
        order_id=row.text("order_id") if row.has("order_id") else None,
        label=str(row.value("label")) if row.has("label") else None,
        fee=None if fee is None else money(fee),
        parent_id=_id(row.value("combo_trade_id")) if row.has("combo_trade_id") else None,
        legs=tuple(trade_row(leg) for leg in row.rows("legs")) if row.has("legs") else (),
    )


class ListedTrades:
    """Trades as the venue lists them. Each read raises an `OutsideError`."""

    def __init__(self, reads: DeribitReads) -> None:
        self._reads = reads

    async def order_with_label(self, label: str, since: datetime, deadline: Deadline) -> str | None:
        """The order under a label, by a trade of it; None if there is none."""
        until = self._reads.wire.clock.now()
        for row in await self.within(since, until, ("option", "option_combo"), deadline):
            if row.label == label and row.order_id is not None:
                return row.order_id
        return None

    async def of_order(self, order_id: str, is_old: bool, deadline: Deadline) -> list[TradeRow]:
        """Everything that is listed under the order."""
        halves = (False, True) if is_old else (False,)
        found = await asyncio.gather(*(self._of_order(order_id, old, deadline) for old in halves))
        return _once(row for half in found for row in half)

    async def within(
        self, start: datetime, end: datetime, kinds: Iterable[str], deadline: Deadline
    ) -> list[TradeRow]:
        """Everything that is listed in a span of time, oldest first."""
        is_old = self._reads.wire.clock.now() - start > RECENT
        halves = (False, True) if is_old else (False,)
        found = await asyncio.gather(
            *(self._pages(start, end, kind, old, deadline) for kind in kinds for old in halves)
        )
        return sorted(_once(row for half in found for row in half), key=lambda row: (row.at, row.trade_id))

    async def fees(self, start: datetime, end: datetime, deadline: Deadline) -> dict[str, Decimal]:
        """What the transaction log says that each trade has paid, by its id."""
        found: dict[str, Decimal] = {}
        for row in await log_rows(self._reads, "trade", start, end, deadline):
            if row.has("trade_id") and row.has("commission"):
                fee = row.decimal("commission")
                key = _id(row.value("trade_id"))
                found[key] = found.get(key, ZERO) + fee
        return found

    async def _of_order(self, order_id: str, old: bool, deadline: Deadline) -> list[TradeRow]:
        asked = {"order_id": order_id, "sorting": "asc", "historical": old}
        try:
            answer = await self._reads.read(Method.GET_TRADES_BY_ORDER, asked, deadline, Priority.ACCOUNT)
        except VenueError as error:
            if error.code in NOT_FOUND:
                return []
            raise
        return [trade_row(row) for row in rows_of(answer.result, "get_user_trades_by_order")]

    async def _pages(
        self, start: datetime, end: datetime, kind: str, old: bool, deadline: Deadline
    ) -> list[TradeRow]:
        found: dict[str, TradeRow] = {}
        first_ms, last_ms = ms_of(start), ms_of(end) + 1
        for _ in range(PAGES_MAX):
            asked = {
                "currency": COIN,
                "kind": kind,
                "start_timestamp": first_ms,
                "end_timestamp": last_ms,
                "count": PAGE,
                "sorting": "asc",
                "historical": old,
            }
            answer = await self._reads.read(Method.GET_TRADES_BY_TIME, asked, deadline, Priority.HISTORY)
            page = AnswerFields(answer.result, "get_user_trades_by_currency_and_time")
            rows = [trade_row(row) for row in page.rows("trades")]
            known = len(found)
            found |= {row.trade_id: row for row in rows}
            if not (page.has("has_more") and page.boolean("has_more")) or len(found) == known:
                return list(found.values())
            first_ms = max(ms_of(row.at) for row in rows)
        raise AnomalyError(f"trades: expected at most {PAGES_MAX * PAGE:,} since {start}")


async def log_rows(
    reads: DeribitReads, query: str, start: datetime, end: datetime, deadline: Deadline
) -> list[AnswerFields]:
    """The rows of the transaction log of one type in a span of time. Raises an `OutsideError`."""
    asked: dict[str, object] = {
        "currency": COIN,
        "query": query,
        "start_timestamp": ms_of(start),
        "end_timestamp": ms_of(end),
        "count": LOG_PAGE,
    }
    found: list[AnswerFields] = []
    for _ in range(PAGES_MAX):
        answer = await reads.read(Method.GET_LOG, asked, deadline, Priority.HISTORY)
        page = AnswerFields(answer.result, "get_transaction_log")
        found += [row for row in page.rows("logs") if row.value("type") == query]
        if not page.has("continuation"):
            return found
        asked["continuation"] = page.page_key("continuation")
    raise AnomalyError(f"transaction log: expected at most {PAGES_MAX} pages since {start}")


def _once(rows: Iterable[TradeRow]) -> list[TradeRow]:
    return list({row.trade_id: row for row in rows}.values())


def _id(value: object) -> str:
    """An id as text: the venue sends some as numbers."""
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise AnomalyError(f"trade_id: expected an id, found {value!r}")
    return str(value)
