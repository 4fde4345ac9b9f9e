"""The audit log's files in a backup: copied, or linked where the previous backup holds them unchanged."""

from __future__ import annotations

import re
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from actors.state.backup_files import CHUNK_BYTES, digest_of, fsync
from actors.state.backup_manifest import read_manifest
from actors.state.tables import chain
from core.errors import FoundWrongError
from core.messages.audit import AuditBatch
from files.plain import read_plain

AUDIT_FOLDER = "audit"
COMPRESSED = ".gz"
_NAME = re.compile(r"audit-.*\.jsonl(\.gz)?")


def copy_audit(
    db: sqlite3.Connection, data_dir: Path, draft: Path, previous: Path | None, files: dict[str, str]
) -> int:
    """Fill `audit/` of the draft and note each file's digest in `files`; the bytes copied.

    Audit may compress an old file meanwhile, which is then taken in its new form.
    """
    source, target = data_dir / AUDIT_FOLDER, draft / AUDIT_FOLDER
    target.mkdir(mode=0o700)
    pending = chain.read(db)[1]
    found = source.iterdir() if source.is_dir() else ()
    names = {path.name for path in found if _NAME.fullmatch(path.name)}
    if pending is not None:
        names.add(pending.file)
    one = _OneFile(source, target, pending, previous, _known_digests(previous), files)
    copied = 0
    for name in sorted(names):
        try:
            copied += one.copy(name)
        except FileNotFoundError:
            compressed = f"{name}{COMPRESSED}"
            if not (source / compressed).exists():
                raise
            if compressed not in names:
                copied += one.copy(compressed)
    fsync(target)
    return copied


@dataclass(frozen=True)
class _OneFile:
    source: Path
    target: Path
    pending: AuditBatch | None
    previous: Path | None
    known: dict[str, str]
    files: dict[str, str]

    def copy(self, name: str) -> int:
        """Copy or link one file; the bytes copied. Raises FileNotFoundError if it is not there any more."""
        path, copy, key = self.source / name, self.target / name, f"{AUDIT_FOLDER}/{name}"
        kept = None if self.previous is None else self.previous / AUDIT_FOLDER / name
        if self.pending is not None and self.pending.file == name:
            _copy_with_pending(path, copy, self.pending)
        elif kept is not None and key in self.known and kept.exists() and _same(kept, path):
            copy.hardlink_to(kept)
            self.files[key] = self.known[key]
            return 0
        else:
            shutil.copy2(path, copy)
        fsync(copy)
        self.files[key], size_bytes = digest_of(copy)
        return size_bytes


def _copy_with_pending(path: Path, copy: Path, pending: AuditBatch) -> None:
    """Copy a file as it is once the pending bytes are in it, however much of them is there now."""
    with copy.open("xb") as sink:
        if pending.offset:
            with read_plain(path) as stream:
                shutil.copyfileobj(stream, sink, CHUNK_BYTES)
            sink.truncate(pending.offset)
            sink.seek(pending.offset)
        sink.write(pending.payload)


def _known_digests(previous: Path | None) -> dict[str, str]:
    """The digests of the previous backup's files; none if it does not say them, so that nothing is linked."""
    try:
        manifest = None if previous is None else read_manifest(previous)
    except FoundWrongError:
        return {}
    return {} if manifest is None else manifest.files


def _same(one: Path, other: Path) -> bool:
    """Whether size and modification time are equal: an append changes them, a compression the name."""
    first, second = one.stat(), other.stat()
    return (first.st_size, first.st_mtime_ns) == (second.st_size, second.st_mtime_ns)
