"""Makes the books anew from the audit log alone: books = fold(audit)."""

from __future__ import annotations

from pathlib import Path

from actors.audit.files import AUDIT_FOLDER, audit_files, whole_lines
from actors.audit.scan import scan
from actors.state.rebuild import write_database
from cli.data_folder import make_data_folder, without_engine
from core.audit.fold.log import fold
from core.audit.hash_chain import Link
from core.errors import FoundWrongError, InputError
from reading.engine_lock import running_engine

PROBLEMS_SHOWN_MAX = 5


def rebuilt_from_audit(audit_dir: Path, data_dir: Path) -> tuple[Path, Link]:
    """Write `cerbero.db` into `data_dir` from the log in `audit_dir`; the path and the log's end.

    `audit_dir` holds the audit files, or a folder `audit` with them; they are only read. Raises InputError if
    there are none or an engine runs on `data_dir`, FoundWrongError if the log is not whole or contradicts
    itself, or if there is a database already.
    """
    folder = audit_dir / AUDIT_FOLDER if (audit_dir / AUDIT_FOLDER).is_dir() else audit_dir
    if not audit_files(folder):
        raise InputError(f"--from-audit {audit_dir}: expected files audit-YYYY-MM-DD.jsonl, found none")
    if running_engine(data_dir) is not None:
        raise InputError(f"--data-dir {data_dir}: expected a folder without an engine, found one that runs")
    found = scan(folder)
    if found.problem is not None:
        raise FoundWrongError(f"audit: expected a whole log to rebuild from, found that {found.problem}")
    if found.tail:
        raise FoundWrongError(
            f"audit: {found.file} ends with {len(found.tail)} bytes of an unfinished record, which was never"
            f" acknowledged; cut them off (truncate -s {found.offset} {found.file}) and rebuild again"
        )
    books = fold(whole_lines(folder))
    if books.problems:
        shown = "; ".join(books.problems[:PROBLEMS_SHOWN_MAX])
        raise FoundWrongError(f"audit: the log makes no books, {len(books.problems)} contradictions: {shown}")
    make_data_folder(data_dir)
    with without_engine(data_dir):
        return write_database(data_dir, books, found.link, found.file, found.offset), found.link
