"""Tells the recorder what was read: each reading of the market, and once an hour the series beside it.

Nothing waits for the recorder. The series are read some minutes after a stored snapshot, by a reading of
their own, so that no snapshot and no cycle of the full hour waits for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from actors.market_data.assemble import Answers, answer_of
from actors.market_data.parts import series_parts
from actors.market_data.reading import Missing, Sources
from actors.runtime import Address, Context, Conversations, Name
from core.contract import (
    GET_CALENDAR,
    GET_CROSS_EXCHANGE_FUNDING,
    GET_DVOL_HISTORY,
    GET_FUNDING_HISTORY,
    GET_HISTORICAL,
)
from core.market.funding import REFERENCE
from core.market.incomplete import IncompleteError
from core.market.option_chain import OptionChain
from core.messages.market_data import EntryMarket, FetchSnapshot, SnapshotKind
from core.messages.protocols import RecorderProtocol
from core.messages.recorder import KeepReading, KeepSeries, ReadFor, RecordSeries, SeriesRow
from core.rules.facts import MonitorMarket
from core.strategy import Strategy
from core.values import slot_of

AFTER_SNAPSHOT_S: Final = 300.0
AGAIN_S: Final = 60.0
"""While a snapshot is being read, the series wait."""
DEADLINE_S: Final = 60.0
BACK_AT_START: Final = timedelta(days=32)
"""What the rules look back, and two days more: so far the first reading of a life goes back."""
BACK: Final = timedelta(hours=4)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class ReadSeries:
    """Timer to self: the series of the last hours are due."""


class Keeping:
    """What of a market_data's life is recorded. Without a recorder nothing is."""

    def __init__(
        self,
        ctx: Context,
        conversations: Conversations,
        sources: Sources,
        recorder: Address[RecorderProtocol] | None,
        strategy: Strategy,
        call_later: Callable[[float, ReadSeries], object],
    ) -> None:
        self._ctx = ctx
        self._call_later = call_later
        self._conversations = conversations
        self._sources = sources
        self._recorder = recorder
        self._strategy = strategy
        self._known_until: datetime | None = None
        self._is_due = False

    @property
    def is_on(self) -> bool:
        return self._recorder is not None

    def decided_on(self, request: FetchSnapshot, found: EntryMarket | MonitorMarket) -> None:
        """A cycle gets this market."""
        market = found.market if isinstance(found, EntryMarket) else found
        if self._recorder is None or market.chain is None or market.spot_usd is None or market.dvol is None:
            return
        inputs = (
            found.model_dump(mode="json", exclude={"market": {"chain"}})
            if isinstance(found, EntryMarket)
            else found.model_dump(mode="json", exclude={"chain"})
        )
        self._ctx.tell(
            self._recorder,
            KeepReading(
                reader=ReadFor.ENTRY if request.kind is SnapshotKind.ENTRY else ReadFor.MONITOR,
                slot=slot_of(request.cycle_id),
                at=self._ctx.now(),
                cycle_id=request.cycle_id,
                spot_usd=market.spot_usd,
                dvol=market.dvol,
                chain=market.chain,
                inputs=inputs,
            ),
        )

    def stored(
        self, slot: datetime, *, spot_usd: float, dvol: float, funding_frac: float | None, chain: OptionChain
    ) -> None:
        """A snapshot was read whole."""
        if self._recorder is None:
            return
        now = self._ctx.now()
        self._ctx.tell(
            self._recorder,
            KeepReading(
                reader=ReadFor.SNAPSHOT,
                slot=slot,
                at=now,
                cycle_id=None,
                spot_usd=spot_usd,
                dvol=dvol,
                chain=chain,
                inputs={"funding": funding_frac},
            ),
        )
        hour = now.replace(minute=0, second=0, microsecond=0)
        if not self._is_due and (self._known_until is None or self._known_until < hour):
            self._is_due = True
            self._call_later(AFTER_SNAPSHOT_S, ReadSeries())

    def read_series(self) -> None:
        """Read them, or wait while something else is being read."""
        if self._sources.readings:
            self._call_later(AGAIN_S, ReadSeries())
        else:
            self._conversations.start(Name("series"), self._series())

    async def _series(self) -> None:
        recorder, now = self._recorder, self._ctx.now()
        assert recorder is not None
        self._is_due = False
        start = now - BACK_AT_START if self._known_until is None else self._known_until - BACK
        start = max(start, now - BACK_AT_START).replace(minute=0, second=0, microsecond=0)
        reading = self._sources.read("series", now + timedelta(seconds=DEADLINE_S))
        await reading.gather(series_parts(start, now, self._strategy.entry.macro_country))
        rows = reading.finish(lambda answers: tuple(_rows(answers)))
        assert not isinstance(rows, Missing)
        told = {row.series for row in rows}
        if {RecordSeries.INDEX, RecordSeries.DVOL} <= told:
            self._known_until = now.replace(minute=0, second=0, microsecond=0)
        if rows:
            self._ctx.tell(recorder, KeepSeries(at=self._ctx.now(), rows=rows))


def _rows(answers: Answers) -> Iterator[SeriesRow]:
    """Of each answer that came, whatever it holds."""
    for read in (_index, _dvol, _funding, _told, _events):
        try:
            yield from read(answers)
        except IncompleteError:
            continue


def _index(answers: Answers) -> Iterator[SeriesRow]:
    for bar in answer_of(answers, GET_HISTORICAL).candles:
        yield SeriesRow(
            series=RecordSeries.INDEX,
            at=bar.timestamp,
            open=float(bar.open),
            high=float(bar.high),
            low=float(bar.low),
            close=float(bar.close),
            volume=bar.volume,
        )


def _dvol(answers: Answers) -> Iterator[SeriesRow]:
    for bar in answer_of(answers, GET_DVOL_HISTORY).points:
        yield SeriesRow(
            series=RecordSeries.DVOL,
            at=bar.timestamp,
            open=bar.open,
            high=bar.high,
            low=bar.low,
            close=bar.close,
        )


def _funding(answers: Answers) -> Iterator[SeriesRow]:
    for point in answer_of(answers, GET_FUNDING_HISTORY).points:
        yield SeriesRow(
            series=RecordSeries.FUNDING, at=point.timestamp, label=REFERENCE, close=point.hourly_rate
        )


def _told(answers: Answers) -> Iterator[SeriesRow]:
    for told in answer_of(answers, GET_CROSS_EXCHANGE_FUNDING).exchanges:
        yield SeriesRow(
            series=RecordSeries.FUNDING_TOLD, at=told.timestamp, label=told.name, close=told.annualized_rate
        )


def _events(answers: Answers) -> Iterator[SeriesRow]:
    for event in answer_of(answers, GET_CALENDAR).events:
        yield SeriesRow(
            series=RecordSeries.EVENT, at=event.scheduled_at, label=event.name, country=event.country
        )
