"""Deribit's market as it is now, in the contract's words: index, DVOL, instruments, chains, order books."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from time import monotonic
from typing import Any, Final

from core.contract import (
    CurrencyRequest,
    Dvol,
    GetInstruments,
    GetOptionsChain,
    GetOrderBook,
    IndexPrice,
    Instrument,
    Instruments,
    OptionsChain,
    OrderBook,
)
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError
from gateway.live.fields import AnswerFields, as_decimal, as_time, list_of
from gateway.live.kept import Kept
from gateway.live.market.chain import OptionChains
from gateway.live.market.history import dvol_rows
from gateway.live.market.instruments import COIN, INDEX, instruments_of, money
from gateway.live.market.tickers import eth
from gateway.live.venue.limits import Priority
from gateway.live.venue.methods import Method
from gateway.live.venue.reads import DeribitReads
from gateway.shell.refusals import MalformedRequestError

INDEX_KEPT_S, DVOL_KEPT_S, INSTRUMENTS_KEPT_S, BOOK_KEPT_S = 0.5, 5.0, 60.0, 1.0
DVOL_LOOK_BACK: Final = timedelta(seconds=180)
MINUTE: Final = timedelta(minutes=1)
LISTED_ANEW: Final = timedelta(hours=8, seconds=3)
"""Since midnight: the day's options have expired, and new ones are listed; what was kept is not asked."""
DEPTHS: Final = (1, 5, 10, 20, 50, 100)
"""The depths of a book that the venue knows."""


class DeribitMarket:
    """Everything that can be read without a key."""

    def __init__(self, reads: DeribitReads, clock: Callable[[], float] = monotonic) -> None:
        self._reads = reads
        self._index: Kept[str, IndexPrice] = Kept(self._ask_index, INDEX_KEPT_S, clock)
        self._dvol: Kept[str, Dvol] = Kept(self._ask_dvol, DVOL_KEPT_S, clock)
        self._instruments: Kept[date, tuple[Instrument, ...]] = Kept(
            self._ask_instruments, INSTRUMENTS_KEPT_S, clock
        )
        self._books: Kept[GetOrderBook, OrderBook] = Kept(self._ask_book, BOOK_KEPT_S, clock)
        self._chains = OptionChains(reads, self._index_usd, clock)

    @property
    def marks_off(self) -> int:
        """How many marks contradicted the venue's own summary since the start."""
        return self._chains.marks_off

    async def close(self) -> None:
        """Fetch nothing more by itself."""
        await self._chains.close()

    async def index_price(self, request: CurrencyRequest, deadline: Deadline) -> IndexPrice:
        """The index; it has no time of its own, so it carries the one at which the venue's answer left."""
        _require_eth(request)
        return await self._index.get(INDEX, deadline)

    async def dvol(self, request: CurrencyRequest, deadline: Deadline) -> Dvol:
        """The last minute's close of DVOL in percent points, as old as it is: the engine judges its age."""
        _require_eth(request)
        return await self._dvol.get(COIN, deadline)

    async def instruments(self, request: GetInstruments, deadline: Deadline) -> Instruments:
        """The listed options of the expiries that are asked for."""
        return Instruments(instruments=await self._within(request, deadline))

    async def options_chain(self, request: GetOptionsChain, deadline: Deadline) -> OptionsChain:
        """The whole chain of the expiries that are asked for, or `WarmingError`."""
        options = await self._within(request, deadline)
        return OptionsChain(quotes=await self._chains.chain(options, deadline))

    async def order_book(self, request: GetOrderBook, deadline: Deadline) -> OrderBook:
        """The best `depth` levels of each side."""
        book = await self._books.get(request, deadline)
        return book.model_copy(
            update={"bids": book.bids[: request.depth], "asks": book.asks[: request.depth]}
        )

    async def _within(
        self, request: GetInstruments | GetOptionsChain, deadline: Deadline
    ) -> tuple[Instrument, ...]:
        first, last = request.expiry_from, request.expiry_to
        day = (self._reads.wire.clock.now() - LISTED_ANEW).date()
        return tuple(
            each
            for each in await self._instruments.get(day, deadline)
            if (first is None or each.expiration >= first) and (last is None or each.expiration <= last)
        )

    async def _index_usd(self, deadline: Deadline) -> Decimal:
        return (await self._index.get(INDEX, deadline)).price

    async def _ask_index(self, index: str, deadline: Deadline) -> IndexPrice:
        asked = {"index_name": index}
        answer = await self._reads.read(Method.GET_INDEX_PRICE, asked, deadline, Priority.ACCOUNT)
        if not answer.us_out:
            raise AnomalyError("get_index_price.usOut: expected the venue's time, found none")
        price = AnswerFields(answer.result, "get_index_price").positive("index_price")
        return IndexPrice(price=money(price), timestamp=as_time(answer.us_out // 1000, "usOut"))

    async def _ask_dvol(self, coin: str, deadline: Deadline) -> Dvol:
        now = self._reads.wire.clock.now()
        rows = await dvol_rows(self._reads, coin, now - DVOL_LOOK_BACK, now, "60", deadline, Priority.ACCOUNT)
        if not rows:
            raise AnomalyError("get_volatility_index_data: expected a bar of the last minutes, found none")
        last = rows[-1]
        return Dvol(dvol=last.close, timestamp=min(last.timestamp + MINUTE, self._reads.wire.clock.now()))

    async def _ask_instruments(self, _: date, deadline: Deadline) -> tuple[Instrument, ...]:
        asked = {"currency": COIN, "kind": "option", "expired": False}
        answer = await self._reads.read(Method.GET_INSTRUMENTS, asked, deadline, Priority.HISTORY)
        return instruments_of(answer.result)

    async def _ask_book(self, request: GetOrderBook, deadline: Deadline) -> OrderBook:
        depth = DEPTHS[bisect_left(DEPTHS, request.depth)]
        asked = {"instrument_name": request.instrument_name, "depth": depth}
        answer = await self._reads.read(Method.GET_ORDER_BOOK, asked, deadline, Priority.ACCOUNT)
        found = AnswerFields(answer.result, "get_order_book")
        return OrderBook(
            bids=_levels(found.values("bids"), "get_order_book.bids"),
            asks=_levels(found.values("asks"), "get_order_book.asks"),
            timestamp=found.time("timestamp"),
        )


def _require_eth(request: CurrencyRequest) -> None:
    if request.currency != COIN:
        raise MalformedRequestError(f"currency: expected {COIN}, found {request.currency!r}")


def _levels(rows: list[Any], what: str) -> tuple[tuple[Decimal, float], ...]:
    levels = []
    for number, row in enumerate(rows):
        cells = list_of(row, f"{what}[{number}]")
        if len(cells) < 2:
            raise AnomalyError(f"{what}[{number}]: expected price and amount, found {len(cells)} values")
        price, amount = (as_decimal(cell, f"{what}[{number}]") for cell in cells[:2])
        if amount > 0:
            levels.append((eth(price), float(amount)))
    return tuple(levels)
