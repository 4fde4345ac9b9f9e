"""The recorder's room: what it is told stands in the day's files; a disk's error is told, and no more."""

from __future__ import annotations

import gzip
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from actors.recorder import Recorder, RecordFolder
from actors.runtime.testing import FakeAddress, FakeContext
from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert
from core.messages.recorder import KeepReading, KeepSeries, ReadFor, RecordSeries, SeriesRow
from core.record.names import RecordFile, record_name
from tests.core.example_market import NOW, chain_of, wire_quotes

READING = KeepReading(
    reader=ReadFor.SNAPSHOT,
    slot=NOW,
    at=NOW + timedelta(seconds=1),
    cycle_id=None,
    spot_usd=3000.5,
    dvol=65.0,
    chain=chain_of(wire_quotes()),
    inputs={"funding": 0.05},
)
SERIES = KeepSeries(at=NOW, rows=(SeriesRow(series=RecordSeries.EVENT, at=NOW, label="CPI", country="US"),))


class Full:
    """A folder on a full disk, until it is not."""

    def __init__(self) -> None:
        self.full = True
        self.kept: list[RecordFile] = []
        self.pruned: list[date] = []

    def append(self, what: RecordFile, day: date, header: bytes, content: bytes) -> str | None:
        if self.full:
            raise OSError("No space left on device")
        self.kept.append(what)
        return None

    def prune(self, today: date) -> int:
        self.pruned.append(today)
        return 0


class Room:
    """The actor, with its folder."""

    def __init__(self, files: RecordFolder | Full) -> None:
        self.ctx = FakeContext("recorder", now=NOW)
        self.actor = Recorder(files=files, alerting=FakeAddress("alerting"))
        self.actor.ctx = self.ctx
        self.actor.on_start()

    def tell(self, message: object) -> None:
        with self.ctx.handling(message):
            self.actor.on_receive(message)

    @property
    def alerts(self) -> list[AlertCode]:
        return [told.code for told in self.ctx.told_to("alerting") if isinstance(told, RaiseAlert)]


def read(data_dir: Path, what: RecordFile) -> str:
    return gzip.decompress((data_dir / "record" / record_name(what, NOW.date())).read_bytes()).decode()


def test_a_reading_is_a_member_of_the_chain_and_a_line_of_the_inputs(tmp_path: Path) -> None:
    room = Room(RecordFolder(tmp_path, 400))
    room.tell(READING)
    room.tell(READING.model_copy(update={"reader": ReadFor.ENTRY, "cycle_id": "entry-20260112T140000Z"}))
    rows = read(tmp_path, RecordFile.CHAIN).splitlines()
    assert len(rows) == 1 + 2 * len(READING.chain)
    first, second = map(json.loads, read(tmp_path, RecordFile.INPUTS).splitlines())
    assert (first["reader"], first["cycle_id"], first["inputs"]) == ("snapshot", None, {"funding": 0.05})
    assert (first["timestamp"], first["read_at"]) == ("2026-01-12T14:00:00Z", "2026-01-12T14:00:01Z")
    assert (first["index_price"], first["dvol"], first["quotes"]) == (3000.5, 65.0, len(READING.chain))
    assert second["cycle_id"] == "entry-20260112T140000Z"
    assert room.alerts == []


def test_a_series_is_a_member_of_its_own_file(tmp_path: Path) -> None:
    Room(RecordFolder(tmp_path, 400)).tell(SERIES)
    assert read(tmp_path, RecordFile.SERIES).splitlines()[1].startswith("2026-01-12T14:00:00Z,event,")


@pytest.mark.raises_alert(AlertCode.RECORD_NOT_KEPT)
@pytest.mark.raises_alert(AlertCode.RECORD_KEPT)
def test_a_full_disk_is_told_once_and_its_end_too() -> None:
    files = Full()
    room = Room(files)
    for _ in range(3):
        room.tell(READING)
    assert room.alerts == [AlertCode.RECORD_NOT_KEPT]
    files.full = False
    room.tell(READING)
    assert room.alerts == [AlertCode.RECORD_NOT_KEPT, AlertCode.RECORD_KEPT]
    assert files.kept == [RecordFile.CHAIN, RecordFile.INPUTS]


@pytest.mark.raises_alert(AlertCode.RECORD_CUT)
def test_a_file_that_had_to_be_cut_is_told(tmp_path: Path) -> None:
    (tmp_path / "record").mkdir()
    (tmp_path / "record" / record_name(RecordFile.CHAIN, NOW.date())).write_bytes(b"\x1f\x8b half")
    room = Room(RecordFolder(tmp_path, 400))
    room.tell(READING)
    assert room.alerts == [AlertCode.RECORD_CUT]


def test_it_prunes_once_a_day() -> None:
    files = Full()
    files.full = False
    room = Room(files)
    room.tell(READING)
    room.tell(READING)
    room.ctx.advance(86_400)
    room.tell(READING)
    assert files.pruned == [NOW.date(), NOW.date() + timedelta(days=1)]
