"""The verdict on a folder whose engine does not answer, from what the folder itself says."""

from __future__ import annotations

from pathlib import Path

from actors.audit.files import AUDIT_FOLDER, audit_files
from core.audit.hash_chain import ChainBrokenError
from core.errors import CerberoError
from core.status.finding import Verdict
from core.status.folder_verdict import verdict_without_engine
from reading.audit import last_seq
from reading.books import chain_end, has_books, stored_positions
from reading.engine_lock import UNKNOWN_PID, running_engine
from reading.paper_folder import is_paper_folder
from reading.switch.stored import stored_status


def folder_verdict(data_dir: Path, why: str) -> Verdict:
    """What a person has to do; `why` says why the engine does not answer."""
    open_positions, armed_by, damage, lost = None, None, None, None
    engine = running_engine(data_dir)
    try:
        if has_books(data_dir):
            open_positions = len(stored_positions(data_dir, everything=False))
        switch = stored_status(data_dir)
        armed_by = switch.causes if switch.armed else None
        # An engine that runs may write on between two looks.
        lost = lost_records(data_dir) if engine is None else None
    except CerberoError as error:
        damage = str(error)
    return verdict_without_engine(
        why=why,
        silent_pid=None if engine is None else engine.pid or UNKNOWN_PID,
        is_paper=is_paper_folder(data_dir),
        open_positions=open_positions,
        armed_by=armed_by,
        damage=damage,
        has_log=any(audit_files(data_dir / AUDIT_FOLDER)),
        data_dir=str(data_dir),
        lost=lost,
    )


def lost_records(data_dir: Path) -> str | None:
    """What the log holds and the books do not; None if nothing, or if the log can't be read at its end.

    What is wrong with a log is said by `audit verify`; one that a restore takes away just now is looked at
    the next time.
    """
    found = chain_end(data_dir)
    if found is None:
        return None
    end, pending = found
    # What is being appended is in the books first, and in the log or not.
    known = end.seq if pending is None else pending.last_seq
    try:
        last = last_seq(data_dir)
    except (ChainBrokenError, OSError):
        return None
    return f"records up to {last} against {known}" if last > known else None
