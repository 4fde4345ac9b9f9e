"""The option chain: one ticker for each option of the expiries that are asked for, as fast as is allowed.

A chain of 220 options takes more calls than fit into one request. Whoever asks is then told when to come
back, the rest is fetched meanwhile, and the same request again finds it. A part of a chain is never served
for the whole.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Final

from core.contract import Instrument, OptionQuote
from gateway.live.deadline import Deadline
from gateway.live.errors import BusyError, OutsideError, StaleError, VenueError, WarmingError
from gateway.live.fields import AnswerFields, rows_of
from gateway.live.kept import Kept
from gateway.live.market.instruments import COIN
from gateway.live.market.tickers import quote_of
from gateway.live.venue.limits import Priority
from gateway.live.venue.methods import Bucket, Method
from gateway.live.venue.reads import DeribitReads

logger = logging.getLogger(__name__)
QUOTE_KEPT_S: Final = 25.0
COLLECTED_MAX_S: Final = 45.0
"""A large chain takes longer than a quote is kept. Those that were fetched for it are good until it is
served, but no longer than this: the engine refuses a chain that is older than a minute."""
AT_A_TIME: Final = 8
ANSWER_BY_S: Final = 0.7
"""So long before the end of the request the chain is given out, or said to be warming."""
MARK_OFF_MIN_ETH: Final = Decimal("0.0005")
MARK_OFF_FRAC: Final = Decimal("0.10")
COMPARED_WITHIN: Final = timedelta(seconds=5)
INSTRUMENT_CLOSED: Final = frozenset({13020, 10012, 13019})
"""not_found, already_closed, book_closed: the option has expired since it was listed."""
CLOSED_STATES: Final = frozenset({"closed", "settled", "terminated"})
"""An option that has expired. One that is locked or inactive is still listed, and its quote is served."""


class OptionChains:
    """Tickers by instrument, fetched when a chain needs them."""

    def __init__(
        self,
        reads: DeribitReads,
        index_usd: Callable[[Deadline], Awaitable[Decimal]],
        clock: Callable[[], float],
    ) -> None:
        self._reads = reads
        self._index_usd = index_usd
        self._clock = clock
        self._kept: Kept[str, object] = Kept(self._ticker, COLLECTED_MAX_S, clock)
        self._collecting_since_s: float | None = None
        """When the chain that is not whole yet was first asked for."""
        self._collecting: asyncio.Task[None] | None = None
        self.marks_off = 0
        """How many marks contradicted the venue's own summary since the start."""

    async def chain(self, options: Sequence[Instrument], deadline: Deadline) -> tuple[OptionQuote, ...]:
        """The quotes of all these options that are still listed, in their order.

        Raises `WarmingError` while not all have been fetched, and an `OutsideError` if the venue does not
        answer.
        """
        began_s = self._clock()
        # What is there now is served, even if it grows old while the rest is fetched.
        good_s = self._good_for_s(began_s)
        there = {each.instrument_name: self._kept.peek(each.instrument_name, good_s) for each in options}
        missing = [each for each in options if there[each.instrument_name] is None]
        ends = deadline.but_at_most(max(0.0, deadline.left_s - ANSWER_BY_S))
        summary = asyncio.create_task(self._summary(ends)) if options else None
        try:
            gone = await self._fetch(missing, ends) if missing else frozenset()
        finally:
            marks = await summary if summary is not None else {}
        for option in missing:
            there[option.instrument_name] = self._kept.peek(option.instrument_name, good_s)
        rest = [option for option in missing if there[option.instrument_name] is None]
        rest = [option for option in rest if option.instrument_name not in gone]
        if rest:
            self._collect(rest, began_s)
            known = len(options) - len(rest)
            again_s = ceil(len(rest) / self._reads.limits.per_s(Bucket.READS))
            raise WarmingError(f"chain warming: {known} of {len(options)}", again_s)
        self._collecting_since_s = None
        listed = ((option, there[option.instrument_name]) for option in options)
        tickers = ((option, found) for option, found in listed if found is not None)
        quotes = [quote_of(found, option) for option, found in tickers if not _is_closed(found)]
        self._compare(quotes, marks)
        return tuple(quotes)

    async def close(self) -> None:
        """Fetch no more."""
        if self._collecting is not None:
            self._collecting.cancel()
            await asyncio.gather(self._collecting, return_exceptions=True)

    def _good_for_s(self, now_s: float) -> float:
        """How old a quote may be: what was fetched for a chain that is not whole yet is still good."""
        since_s = self._collecting_since_s
        if since_s is None or now_s - since_s >= COLLECTED_MAX_S:
            self._collecting_since_s = None
            return QUOTE_KEPT_S
        return max(QUOTE_KEPT_S, now_s - since_s)

    def _collect(self, options: Sequence[Instrument], began_s: float) -> None:
        """Go on with these while nobody waits."""
        if self._collecting_since_s is None:
            self._collecting_since_s = began_s
        if self._collecting is None or self._collecting.done():
            self._collecting = asyncio.create_task(self._fetch_rest(options))

    async def _fetch_rest(self, options: Sequence[Instrument]) -> None:
        try:
            await self._fetch(options, Deadline.within(COLLECTED_MAX_S, self._clock))
        except OutsideError as error:
            # Whoever asks again meets it himself.
            logger.warning("the rest of a chain could not be fetched meanwhile: %s", error)

    async def _fetch(self, options: Sequence[Instrument], deadline: Deadline) -> frozenset[str]:
        """Fetch what there is time for, nearest to the money first. Returns what is not listed any more."""
        spot, good_s = await self._index_usd(deadline), self._good_for_s(self._clock())
        queue = sorted(options, key=lambda each: abs(each.strike - spot))
        waiting, gone, failed = iter(queue), set[str](), list[OutsideError]()

        async def worker() -> None:
            for option in waiting:
                try:
                    await self._kept.get(option.instrument_name, deadline, good_s)
                except VenueError as error:
                    if error.code not in INSTRUMENT_CLOSED:
                        failed.append(error)
                        return
                    gone.add(option.instrument_name)
                except (BusyError, StaleError):
                    return
                except OutsideError as error:
                    failed.append(error)
                    return

        async with asyncio.TaskGroup() as workers:
            for _ in range(min(AT_A_TIME, len(queue))):
                workers.create_task(worker())
        if failed:
            raise failed[0]
        return frozenset(gone)

    async def _ticker(self, name: str, deadline: Deadline) -> object:
        asked = {"instrument_name": name}
        answer = await self._reads.read(Method.GET_TICKER, asked, deadline, Priority.CHAIN)
        return answer.result

    async def _summary(self, deadline: Deadline) -> dict[str, tuple[Decimal, datetime]]:
        """The venue's own summary of all options, to hold the tickers against: mark and time by name.

        Without it nothing is compared; the chain is what the tickers say.
        """
        asked = {"currency": COIN, "kind": "option"}
        found: dict[str, tuple[Decimal, datetime]] = {}
        try:
            answer = await self._reads.read(Method.GET_BOOK_SUMMARY, asked, deadline, Priority.CHAIN)
            for row in rows_of(answer.result, "get_book_summary_by_currency"):
                if row.has("mark_price") and row.has("creation_timestamp"):
                    at = row.time("creation_timestamp")
                    found[row.text("instrument_name")] = (row.decimal("mark_price"), at)
        except OutsideError as error:
            logger.warning("the summary of all options is not there to compare with: %s", error)
            return {}
        return found

    def _compare(self, quotes: Sequence[OptionQuote], marks: dict[str, tuple[Decimal, datetime]]) -> None:
        """Say where ticker and summary contradict each other; the quote is served as it is."""
        for quote in quotes if marks else ():
            if quote.instrument_name not in marks:
                if quote.open_interest > 0:
                    self._say_off(f"{quote.instrument_name} has open interest and is not in the summary")
                continue
            mark, at = marks[quote.instrument_name]
            off, allowed = abs(quote.mark_price - mark), max(MARK_OFF_MIN_ETH, MARK_OFF_FRAC * mark)
            if abs(quote.timestamp - at) <= COMPARED_WITHIN and off > allowed:
                self._say_off(f"{quote.instrument_name}: mark {quote.mark_price}, in the summary {mark}")

    def _say_off(self, what: str) -> None:
        self.marks_off += 1
        logger.warning("the venue contradicts itself: %s", what)


def _is_closed(ticker: object) -> bool:
    row = AnswerFields(ticker, "ticker")
    return row.has("state") and row.text("state") in CLOSED_STATES
