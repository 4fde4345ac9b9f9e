"""The verdict on a folder whose engine does not answer, from what the folder itself says."""

from __future__ import annotations

from pathlib import Path

from core.errors import CerberoError
from core.status.finding import Verdict
from core.status.folder_verdict import verdict_without_engine
from reading.books import has_books, stored_positions
from reading.engine_lock import UNKNOWN_PID, running_engine
from reading.errors import DataFolderError
from reading.log_end import LogEnd, has_log, log_end
from reading.paper_folder import is_paper_folder
from reading.switch.stored import stored_status


def folder_verdict(data_dir: Path, why: str, *, refuses: bool = False) -> Verdict:
    """What a person has to do; `why` says why the engine does not answer, `refuses` if that is its own word.

    A lock that can't be read is a finding as well: the folder says what it can.
    """
    open_positions, armed_by, damage, ends = None, None, None, LogEnd()
    engine, unknown = None, False
    try:
        engine = running_engine(data_dir)
    except DataFolderError as error:
        why, unknown = str(error), True
    try:
        if has_books(data_dir):
            open_positions = len(stored_positions(data_dir, everything=False))
        switch = stored_status(data_dir)
        armed_by = switch.causes if switch.armed else None
        # An engine that runs may write on between two looks.
        if engine is None and not unknown:
            ends = log_end(data_dir)
    except CerberoError as error:
        damage = str(error)
    return verdict_without_engine(
        why=why,
        silent_pid=None if engine is None else engine.pid or UNKNOWN_PID,
        refuses=refuses,
        unknown=unknown,
        is_paper=is_paper_folder(data_dir),
        open_positions=open_positions,
        armed_by=armed_by,
        damage=damage,
        has_log=has_log(data_dir),
        data_dir=str(data_dir),
        lost=ends.lost,
        log_damage=ends.damage,
    )
