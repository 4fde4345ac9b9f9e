"""Reads a backup and proves it: nothing of it is believed before its log is whole and makes its books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from actors.audit.durable import sha256_of
from actors.audit.files import AUDIT_FOLDER, audit_files, whole_lines
from actors.audit.scan import Scan, scan
from actors.state.backup_manifest import MANIFEST_FILE, Manifest, read_manifest
from actors.state.database import DATABASE_FILE
from actors.state.stored import books_read
from core.audit.fold.books import TABLES, FoldedBooks
from core.audit.fold.log import fold
from core.audit.hash_chain import ChainBrokenError, Link, kind_of, read_record
from core.errors import FoundWrongError, InputError
from core.messages.audit import AuditKind
from reading.audit import verified
from reading.proof import books_proved

SHOWN_MAX = 5
BOUND = ("environment", "account")
_TAG = "label_tag"


@dataclass(frozen=True)
class ProvedBackup:
    """A backup that was found whole. `books` are the rows that its log makes."""

    path: Path
    end: Link
    log: Scan
    books: FoldedBooks
    has_database: bool

    def setting(self, key: str) -> str | None:
        """What the books hold under a key."""
        row = self.books.tables["system"].get(key)
        return None if row is None else str(row["value"])


def bound_to(data_dir: Path) -> dict[str, str | None]:
    """The environment and the account that a folder's books belong to, by its log or else by its database;
    None where neither says it."""
    found: dict[str, str] = {}
    for told in _bindings(data_dir, BOUND):
        found = told
    stored = stored_settings(data_dir)
    return {key: found.get(key) or stored.get(key) for key in BOUND}


def stored_settings(data_dir: Path) -> dict[str, str]:
    """What the database of a folder holds under its keys; nothing if it can't be read."""
    try:
        with books_read(data_dir) as books:
            rows = () if books is None else tuple(books.rows(TABLES["system"]))
    except FoundWrongError:
        rows = ()
    return {str(row["key"]): str(row["value"]) for row in rows}


def tags_drawn(data_dir: Path) -> tuple[str, ...]:
    """The tags of labels that the log of a folder names, the oldest first, as far as it can be read."""
    return tuple(dict.fromkeys(told[_TAG] for told in _bindings(data_dir, (_TAG,))))


def _bindings(data_dir: Path, keys: Sequence[str]) -> Iterator[dict[str, str]]:
    """What the log says under these keys at each binding to an account, as far as it can be read."""
    try:
        for line in whole_lines(data_dir / AUDIT_FOLDER):
            if kind_of(line) == AuditKind.ACCOUNT_BOUND:
                detail = read_record(line).detail
                yield {key: str(detail[key]) for key in keys}
    except (ChainBrokenError, KeyError, OSError):
        return  # A damaged log is no reason against a restore, and the database may say it.


def proved_backup(path: Path) -> ProvedBackup:
    """Read the whole backup. Raises InputError for what is none, FoundWrongError for one that is damaged."""
    if not path.is_dir():
        raise InputError(f"--from {path}: expected a backup's folder (backups/<utc>), found none")
    folder = path / AUDIT_FOLDER
    manifest, has_database = read_manifest(path), (path / DATABASE_FILE).exists()
    if manifest is None and not (has_database and folder.is_dir()):
        raise InputError(
            f"--from {path}: expected a backup ({MANIFEST_FILE}, or {DATABASE_FILE} and {AUDIT_FOLDER}/),"
            " found neither"
        )
    if manifest is not None:
        _check_files(path, manifest)
    found = scan(folder)
    if found.problem is not None:
        raise FoundWrongError(f"{folder}: expected a whole log, found that {found.problem}")
    if manifest is not None and found.link != (manifest.seq, manifest.hash):
        raise FoundWrongError(
            f"{folder}: expected its end at {manifest.seq}:{manifest.hash}, found {found.link}"
        )
    if has_database:
        _check_database(path)
    elif found.tail:
        raise FoundWrongError(f"{folder}: expected whole records, found {len(found.tail)} bytes of one more")
    books = fold(whole_lines(folder))
    if books.problems:
        shown = "; ".join(books.problems[:SHOWN_MAX])
        raise FoundWrongError(f"{folder}: the log makes no books, {len(books.problems)} faults: {shown}")
    return ProvedBackup(path, found.link, found, books, has_database)


def _check_files(path: Path, manifest: Manifest) -> None:
    for name, expected in sorted(manifest.files.items()):
        file = path / name
        if not file.is_file():
            raise FoundWrongError(f"{file}: expected a file with SHA-256 {expected}, found none")
        digest = sha256_of(file)
        if digest != expected:
            raise FoundWrongError(f"{file}: expected SHA-256 {expected}, found {digest}")
    known = {path / name for name in manifest.files}
    for file in audit_files(path / AUDIT_FOLDER):
        if file not in known:
            raise FoundWrongError(f"{file}: expected only what {MANIFEST_FILE} names, found this too")
    if (path / DATABASE_FILE).exists() and DATABASE_FILE not in manifest.files:
        raise FoundWrongError(f"{path / DATABASE_FILE}: {MANIFEST_FILE} names no database, found one")


def _check_database(path: Path) -> None:
    report = verified(path)
    if not report.ok and not report.restorable:
        raise FoundWrongError(f"{path}: expected log and database to agree, found that {report.problem}")
    proof = books_proved(path)
    if not proof.ok:
        shown = "; ".join(proof.lines()[:SHOWN_MAX])
        raise FoundWrongError(f"{path / DATABASE_FILE}: expected what the log makes of it, found: {shown}")
