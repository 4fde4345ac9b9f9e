"""What hourly backups write a day and leave on the disk while the books grow, in a folder of `TMPDIR`.

A day is 40 records of 768 bytes, each with a row of the same size, and 96 snapshots of the market of 4,200
bytes: about what a simulated month has a day. Run as `python -m bench.backups DAYS`.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import shake_128
from pathlib import Path

from actors.audit.files import append_bytes
from actors.state.backup import BACKUP_FOLDER, make_backup
from actors.state.database import open_database
from actors.state.market_file import attach_market
from actors.state.sequencer import Sequencer
from actors.state.tables.records import MarketSnapshotRow, insert_snapshot
from actors.state.text_door import TextDoor
from core.messages.alerting import Severity
from core.messages.room_status import AlertRow
from core.messages.state import RecordAlert
from core.redaction import Redactor

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
RECORDS_A_DAY = 40
SNAPSHOTS_A_DAY = 96
TEXT_CHARS = 500
QUOTES_CHARS = 5_600
"""About 4,200 bytes once it is compressed."""
DEFAULT_DAYS = (30, 110)


def written_by_day(data_dir: Path, days: int) -> list[int]:
    """The bytes that the backups of each day have written."""
    written = []
    with closing(open_database(data_dir)) as db:
        attach_market(db, data_dir, BEGIN)
        (data_dir / "audit").mkdir()
        sequencer = Sequencer(db, TextDoor(db, Redactor(())))
        for day in range(days):
            start = BEGIN + timedelta(days=day)
            for number in range(SNAPSHOTS_A_DAY):
                at = start + timedelta(minutes=15 * number)
                quotes = shake_128(at.isoformat().encode()).hexdigest(QUOTES_CHARS // 2)
                insert_snapshot(db, MarketSnapshotRow(at, 3000.0, 60.0, None, quotes))
            total = 0
            for hour in range(24):
                now = start + timedelta(hours=hour)
                for number in range(RECORDS_A_DAY * hour // 24, RECORDS_A_DAY * (hour + 1) // 24):
                    batch = sequencer.commit([(alert(f"{day}-{number}", now), None)], now, lambda: None).batch
                    if batch is None:
                        raise AssertionError("an alert of HIGH makes a record")
                    append_bytes(data_dir / "audit", batch)
                    sequencer.acknowledge(None)
                sequencer.settle()
                total += make_backup(db, data_dir, now).size_bytes
            written.append(total)
    return written


def alert(name: str, at: datetime) -> RecordAlert:
    row = AlertRow(
        alert_id=name, severity=Severity.HIGH, code="c", text="x" * TEXT_CHARS, cause="bench", at=at
    )
    return RecordAlert(request_id=name, alert=row, channels=())


def on_disk(folder: Path) -> int:
    """Bytes below a folder; a file with several names counts once."""
    found = (path.stat() for path in folder.rglob("*"))
    return sum({(stat.st_dev, stat.st_ino): stat.st_size for stat in found}.values())


def main() -> int:
    """Print one line for each number of days."""
    for days in tuple(map(int, sys.argv[1:])) or DEFAULT_DAYS:
        with tempfile.TemporaryDirectory(prefix="cerbero-bench-") as folder:
            data_dir = Path(folder)
            written = written_by_day(data_dir, days)
            backups = on_disk(data_dir / BACKUP_FOLDER)
            own = on_disk(data_dir) - backups
        last, whole = written[-1] / 1e6, sum(written) / 1e6
        sys.stdout.write(
            f"{days:>4} days: {last:.2f} MB written on the last day, {whole:.1f} MB in all;"
            f" {backups / 1e6:.1f} MB in {BACKUP_FOLDER}/ beside {own / 1e6:.1f} MB of all else\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
