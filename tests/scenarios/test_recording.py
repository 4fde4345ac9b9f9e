"""Trading goes on whatever the record's disk does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from actors.recorder import Recorder, RecordFolder
from actors.runtime import RunOrder
from core.orders.books import CycleOutcome, CycleRow, Job, Position
from core.record.names import RecordFile
from lab.engine import SimulatedEngine, open_venue
from reading.books import stored_books, stored_cycles, stored_trades
from tests.scenarios.playing import MARKET, strategy

BEGIN = datetime.fromisoformat("2026-01-05T13:25:00+00:00")
"""Two stored snapshots come before the entry of 14:00."""
SPAN = timedelta(minutes=65)
HOUR_S = 3600.0


def hangs(patched: pytest.MonkeyPatch) -> str:
    """Each write takes an hour, which is longer than any room may be busy."""

    def append(room: Recorder, _what: RecordFile, _day: date, _header: bytes, _content: bytes) -> None:
        room.ctx.sleep(HOUR_S)

    patched.setattr(Recorder, "_append", append)
    return "actor_hung"


def is_full(patched: pytest.MonkeyPatch) -> str:
    def append(_folder: RecordFolder, *_: object) -> None:
        raise OSError("No space left on device")

    patched.setattr(RecordFolder, "append", append)
    return "record_not_kept"


Lived = tuple[list[CycleRow], list[Position], set[str]]


def lived(data_dir: Path, record_days: int | None) -> Lived:
    """Cycles, trades and the codes of the alerts of an hour with an entry."""
    engine = SimulatedEngine(
        loaded=strategy(),
        venue=open_venue(data_dir, MARKET),
        data_dir=data_dir,
        seed=MARKET,
        begin=BEGIN,
        order=RunOrder.FIFO,
        latency_s=(0.0, 0.0),
        record_days=record_days,
    )
    engine.start()
    engine.run_until(BEGIN + SPAN)
    engine.stop("end of the run")
    entries = [row for row in stored_cycles(data_dir, None) if row.job is Job.ENTRY]
    return entries, list(stored_trades(data_dir)), {alert.code for alert in stored_books(data_dir).alerts}


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """The same hour with nothing recorded."""
    return lived(tmp_path_factory.mktemp("without"), None)


@pytest.mark.parametrize("bad", [hangs, is_full])
def test_a_bad_disk_changes_nothing_of_an_entry(
    bad: Callable[[pytest.MonkeyPatch], str],
    without: Lived,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cycles, trades, _ = without
    told = bad(monkeypatch)
    again, same, alerts = lived(tmp_path / "bad", 400)
    assert [row.outcome for row in cycles] == [CycleOutcome.ENTERED]
    assert [row.model_dump() for row in again] == [row.model_dump() for row in cycles]
    assert [one.model_dump() for one in same] == [one.model_dump() for one in trades]
    assert told in alerts
