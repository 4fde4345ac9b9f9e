"""Putting broken audit files aside, unchanged and with their hashes, so that a person can look into it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from actors.audit.durable import fsync_folder, make_folder, sha256_of, write_file
from actors.audit.files import audit_files
from actors.failpoints import Failpoint, reach
from core.messages.audit import AuditBatch

EVIDENCE_FOLDER = "evidence"
MANIFEST = "SHA256SUMS"
PENDING = "pending.jsonl"


@dataclass(frozen=True)
class Evidence:
    """Where the files are now, and the SHA-256 of the list of their hashes (`sha256sum -c` reads it)."""

    folder: Path
    sha256: str


def put_aside(data_dir: Path, folder: Path, pending: AuditBatch | None, now: datetime) -> Evidence:
    """Move all audit files to `evidence/<utc>-audit/` and write the pending bytes there. Raises OSError."""
    make_folder(data_dir / EVIDENCE_FOLDER)
    evidence = _new_folder(data_dir / EVIDENCE_FOLDER, now)
    reach(Failpoint.EVIDENCE_BEGUN)
    for path in audit_files(folder):
        path.rename(evidence / path.name)
        reach(Failpoint.EVIDENCE_MOVED)
    if pending is not None:
        write_file(evidence / PENDING, pending.payload)
    manifest = "".join(f"{sha256_of(path)}  {path.name}\n" for path in sorted(evidence.iterdir()))
    write_file(evidence / MANIFEST, manifest.encode())
    reach(Failpoint.EVIDENCE_LISTED)
    fsync_folder(evidence)
    fsync_folder(evidence.parent)
    fsync_folder(folder)
    reach(Failpoint.EVIDENCE_SYNCED)
    return Evidence(folder=evidence, sha256=sha256(manifest.encode()).hexdigest())


def _new_folder(parent: Path, now: datetime) -> Path:
    stem = f"{now:%Y%m%dT%H%M%SZ}-audit"
    number = 1
    while (path := parent / (stem if number == 1 else f"{stem}-{number}")).exists():
        number += 1
    path.mkdir(mode=0o700)
    return path
