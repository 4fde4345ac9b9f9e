"""Writes records into books and log while no engine runs, as an engine would."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from actors.audit.files import AUDIT_FOLDER, append_bytes, cut_off
from actors.audit.open_day import OpenDay
from actors.audit.scan import scan
from actors.state.database import open_database
from actors.state.sequencer import Sequencer
from actors.state.text_door import TextDoor
from core.errors import FoundWrongError
from core.messages.audit import AuditBatch
from core.messages.base import Refused
from core.messages.state import AnyRecording
from files.plain import plain_bytes
from reading.redacted import redacted


def record_offline(data_dir: Path, requests: Sequence[AnyRecording], at: datetime) -> None:
    """Commit the requests together and append their records; `at` is the time of writing.

    Nobody else may use the folder meanwhile. After a crash in between the next start writes the rest of the
    records from the books. Raises FoundWrongError, with nothing changed, if the log does not end where the
    books say; if the books refuse a request, which then changes nothing itself; OSError, sqlite3.Error.
    """
    folder = data_dir / AUDIT_FOLDER
    with closing(open_database(data_dir)) as db:
        sequencer = Sequencer(db, TextDoor(db, redacted))
        pending = sequencer.pending
        if pending is not None:
            # How much of it the file holds is known only from the file.
            _check_tail(folder, pending)
            cut_off(folder / pending.file, pending.offset)
            append_bytes(folder, pending)
        found = scan(folder)
        is_open = found.file is not None and (folder / found.file).exists()
        day = OpenDay.read(folder / str(found.file), str(found.file), found.words) if is_open else None
        sequencer.acknowledge(None if day is None else day.end(found.link))
        if found.problem is not None or found.link != sequencer.end.link:
            raise FoundWrongError(
                f"{folder}: expected a whole log that ends at {sequencer.end.link}, found"
                f" {found.problem or found.link}"
            )
        committed = sequencer.commit([(request, None) for request in requests], at, lambda: None)
        refused = [one.answer for one in committed.outcomes if isinstance(one.answer, Refused)]
        if committed.batch is not None:
            append_bytes(folder, committed.batch)
        sequencer.acknowledge(None)
        sequencer.settle()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if refused:
            raise FoundWrongError("; ".join(reason for answer in refused for reason in answer.reasons))


def _check_tail(folder: Path, pending: AuditBatch) -> None:
    """Raise FoundWrongError if a file ends with something else than the records that the books hold as the
    last."""
    path = folder / pending.file
    tail = plain_bytes(path)[pending.offset :] if path.exists() else b""
    if not pending.payload.startswith(tail.rstrip(b"\0")):
        raise FoundWrongError(
            f"{path}: expected at its end, from byte {pending.offset} on, the records that the books hold"
            " as the last, found others; start the engine, which keeps them as evidence"
        )
