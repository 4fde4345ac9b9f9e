"""Whether the log of a folder without an engine ends where its books say, by a look at its end alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actors.audit.files import AUDIT_FOLDER, audit_files, bytes_from
from actors.audit.log_end import end_scan
from actors.audit.scan import Broken, judge
from core.audit.hash_chain import ChainBrokenError
from reading.books import chain_end
from reading.restore_begun import restore_begun


@dataclass(frozen=True)
class LogEnd:
    """`lost` says what the log holds and the books do not; `damage` what else is wrong. None: nothing."""

    lost: str | None = None
    damage: str | None = None


_AS_THE_BOOKS_SAY = LogEnd()


def has_log(data_dir: Path) -> bool:
    """Whether a log lies in the folder; one that nobody lets us look into counts."""
    try:
        return bool(audit_files(data_dir / AUDIT_FOLDER))
    except OSError:
        return True


def log_end(data_dir: Path) -> LogEnd:
    """How the log ends beside the books; nothing is wrong without books, or while something changes both.

    A log that can't be read counts as damaged. What stands further back in it is `audit verify`'s to say.
    Raises CerberoError if the books can't be read.
    """
    known = chain_end(data_dir)
    if known is None:
        return _AS_THE_BOOKS_SAY
    head, pending = known
    folder = data_dir / AUDIT_FOLDER
    # What is being appended is in the books first, and in the log or not.
    last = head.seq if pending is None else pending.last_seq
    try:
        found = end_scan(folder, wanted=None if pending is None else head.seq)
        if found.link.seq > last:
            seen = LogEnd(lost=f"records up to {found.link.seq} against {last}")
        else:
            judged = judge(found, head, pending, lambda name, at, count: bytes_from(folder / name, at, count))
            seen = LogEnd(damage=judged.problem if isinstance(judged, Broken) else None)
    except ChainBrokenError as error:
        seen = LogEnd(damage=str(error))
    except FileNotFoundError:
        return _AS_THE_BOOKS_SAY  # Taken away just now, as by a restore: it is looked at the next time.
    except OSError as error:
        seen = LogEnd(damage=f"expected readable audit files, found {error}")
    changing = seen != _AS_THE_BOOKS_SAY and (restore_begun(data_dir) or chain_end(data_dir) != known)
    return _AS_THE_BOOKS_SAY if changing else seen
