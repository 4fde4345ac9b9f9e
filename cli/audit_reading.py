"""Reading the audit log as records, file by file, without an engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from actors.audit.files import AUDIT_FOLDER, audit_files, lines_of, plain_name
from core.audit.hash_chain import canonical_json, read_record
from core.errors import InputError

DETAIL_LENGTH_MAX = 160


@dataclass(frozen=True)
class ShownRecord:
    """One record as a command shows it."""

    seq: int
    at: str
    kind: str
    correlation: str | None
    detail: dict[str, JsonValue]
    hash: str

    def detail_text(self) -> str:
        """The detail on one line, cut where it is long; `audit show` and `--json` have all of it."""
        text = canonical_json(self.detail)
        return text if len(text) <= DETAIL_LENGTH_MAX else f"{text[:DETAIL_LENGTH_MAX]}…"

    def as_json(self) -> dict[str, JsonValue]:
        return {
            "seq": self.seq,
            "at": self.at,
            "kind": self.kind,
            "correlation": self.correlation,
            "detail": self.detail,
            "hash": self.hash,
        }


def require_audit_log(data_dir: Path) -> None:
    """Raise InputError where the folder holds no audit log."""
    if not (data_dir / AUDIT_FOLDER).is_dir():
        raise InputError(f"--data-dir {data_dir}: expected an audit log (a folder audit/), found none")


def records(data_dir: Path) -> Iterator[ShownRecord]:
    """Every record in order. An unfinished last line (an engine is writing, or died) is left out.

    Raises ChainBrokenError where a line is no record; whether they follow from each other is `verify`'s task.
    """
    done: set[str] = set()
    for path in audit_files(data_dir / AUDIT_FOLDER):
        if plain_name(path) in done:
            continue  # The same day in its compressed form.
        done.add(plain_name(path))
        for line in lines_of(path):
            if not line.endswith(b"\n"):
                return
            record = read_record(line)
            yield ShownRecord(
                seq=record.seq,
                at=record.at.isoformat().replace("+00:00", "Z"),
                kind=record.kind,
                correlation=record.correlation,
                detail=record.detail,
                hash=record.hash,
            )
