"""A record of an engine that is laid member by member."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.contract import iso_utc
from core.messages.recorder import KeepReading, ReadFor, RecordSeries, SeriesRow
from core.record.members import packed
from core.record.names import RecordFile, record_name
from core.record.rows import CHAIN_COLUMNS, SERIES_COLUMNS, chain_rows, csv_text, series_rows
from core.values import OptionType
from tests.core.example_market import chain_of, wire_quote

SUNDAY = datetime(2026, 1, 11, 22, tzinfo=UTC)
MONDAY = datetime(2026, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Recording:
    """A record that is laid member by member, as an engine does."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.folder = data_dir / "record"
        self.folder.mkdir(parents=True)

    def add(self, what: RecordFile, at: datetime, header: bytes, content: bytes) -> None:
        path = self.folder / record_name(what, at.date())
        begun = path.exists()
        with path.open("ab") as file:
            file.write(packed(content if begun else header + content))

    def read(
        self,
        slot: datetime,
        *quotes: dict[str, Any],
        reader: ReadFor = ReadFor.SNAPSHOT,
        after_s: float = 1.0,
        spot_usd: float = 3000.0,
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        """A reading of the market, by default of one put."""
        at = slot + timedelta(seconds=after_s)
        reading = KeepReading(
            reader=reader,
            slot=slot,
            at=at,
            cycle_id=None if reader is ReadFor.SNAPSHOT else f"{reader.value}-1",
            spot_usd=spot_usd,
            dvol=65.0,
            chain=chain_of(list(quotes or (wire_quote(OptionType.PUT, 2700.0, at=slot),)), now=slot),
            inputs=dict(inputs or {}),
        )
        self.add(RecordFile.CHAIN, at, csv_text((CHAIN_COLUMNS,)), csv_text(chain_rows(reading)))
        line = {
            "timestamp": iso_utc(slot),
            "reader": reader.value,
            "read_at": iso_utc(at),
            "cycle_id": reading.cycle_id,
            "index_price": spot_usd,
            "dvol": 65.0,
            "quotes": 1,
            "inputs": reading.inputs,
        }
        self.add(RecordFile.INPUTS, at, b"", json.dumps(line).encode() + b"\n")

    def tell(self, at: datetime, *rows: SeriesRow) -> None:
        self.add(RecordFile.SERIES, at, csv_text((SERIES_COLUMNS,)), csv_text(series_rows(at, rows)))

    def tell_hours(self, at: datetime, first: datetime, hours: int) -> None:
        """Bars of both series, funding, and an event."""
        bars = [
            SeriesRow(
                series=series, at=first + n * HOUR, open=value, high=value, low=value, close=value, volume=1.0
            )
            for n in range(hours)
            for series, value in ((RecordSeries.INDEX, 3000.0), (RecordSeries.DVOL, 65.0))
        ]
        self.tell(at, *bars, event("CPI", MONDAY + timedelta(days=2)))


def event(name: str, at: datetime) -> SeriesRow:
    return SeriesRow(series=RecordSeries.EVENT, at=at, label=name, country="US")


def evening(data_dir: Path) -> Recording:
    """Sunday evening to Monday 02:00, by the hour."""
    made = Recording(data_dir)
    for hour in range(5):
        made.read(SUNDAY + hour * HOUR)
    made.tell_hours(SUNDAY + timedelta(minutes=5), SUNDAY - 30 * HOUR, 30)
    return made
