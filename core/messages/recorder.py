"""Recorder: keeps what was read of the market in files. Nobody waits for it, and nothing answers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

from core.market.option_chain import OptionChain
from core.messages.base import Command
from core.values import Value


class ReadFor(StrEnum):
    """For what the market was read. Where one moment was read for several, the first here goes before."""

    ENTRY = "entry"
    MONITOR = "monitor"
    SNAPSHOT = "snapshot"


class RecordSeries(StrEnum):
    """What an hour's figures are of."""

    INDEX = "index_1h"
    DVOL = "dvol_1h"
    FUNDING = "funding_1h"
    """Of the exchange whose own rates are read (`core.market.funding.REFERENCE`)."""
    FUNDING_TOLD = "funding_told"
    """The mean of the last day, annualised, of each exchange."""
    EVENT = "event"


class SeriesRow(Value):
    """One figure of a series: a bar, a rate in `close`, or an event with neither."""

    series: RecordSeries
    at: datetime
    label: str = ""
    """The exchange, or the event's name."""
    country: str = ""
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    volume: float | None = None


class KeepReading(Command):
    """The market as it was read for `slot`. Told by market_data.

    `inputs` is what else was read, as JSON values: all that the decision of a cycle reads of market and
    account.
    """

    reader: ReadFor
    slot: datetime
    at: datetime
    """When the reading was complete."""
    cycle_id: str | None
    spot_usd: float
    dvol: float
    chain: OptionChain
    inputs: dict[str, JsonValue]


class KeepSeries(Command):
    """Figures by the hour. Told by market_data."""

    at: datetime
    rows: tuple[SeriesRow, ...]
