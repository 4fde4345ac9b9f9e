"""Reads the whole chain as a stream, and compares its end with the one that the database holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from actors.audit.files import audit_files, content_sha256, lines_of, plain_name, undated
from core.audit.hash_chain import GENESIS, ChainBrokenError, Link, check_canonical, follow
from core.messages.audit import AuditBatch, AuditHead, AuditKind

NOT_ACCEPTED = "the chain begins with CHAIN_BROKEN, and no disarming after it accepts that"
_KIND = re.compile(rb'\{"seq":\d+,"prev":"[0-9a-f]{64}","at":"[^"]*","kind":"([A-Z_]+)"')


@dataclass(frozen=True)
class Scan:
    """What the files hold: a sound chain up to `link`, which ends at `offset` of `file`, then `tail`.

    `tail` is an unfinished last line; `problem` says where and why the chain breaks. `hashes` maps the
    numbers of the wanted records to their hashes.
    """

    link: Link = GENESIS
    file: str | None = None
    offset: int = 0
    tail: bytes = b""
    files: int = 0
    problem: str | None = None
    hashes: dict[int, str] = field(default_factory=dict)
    broken_before: bool = False
    """The first record is CHAIN_BROKEN, and no DISARMED after it says that a person accepted that."""


def scan(folder: Path, *, wanted: Iterable[int] = (), strict: bool = False) -> Scan:
    """Verify every record of the folder, from the first to the last.

    `wanted` are the numbers of the records whose hashes are kept; `strict` also checks the canonical form.
    """
    reader = _Reader(frozenset(wanted), strict)
    foreign = undated(folder)
    dated = [path for path in audit_files(folder) if path not in foreign]
    days = [list(paths) for _, paths in groupby(dated, key=plain_name)]
    try:
        for paths in days:
            reader.read_day(paths)
        if foreign:
            raise ChainBrokenError(f"{foreign[0].name}: expected a day in an audit file's name, found none")
    except ChainBrokenError as error:
        reader.problem = str(error)
    except OSError as error:
        reader.problem = f"expected readable audit files, found {error}"
    return reader.result(len(days))


class _Reader:
    def __init__(self, wanted: frozenset[int], strict: bool) -> None:
        self.problem: str | None = None
        self._strict = strict
        self._wanted = wanted
        self._hashes = {0: GENESIS.hash} if 0 in wanted else {}
        self._link = GENESIS
        self._file: str | None = None
        self._offset = 0
        self._tail = b""
        self._broken_before = False

    def read_day(self, paths: list[Path]) -> None:
        """Read one day's file; the day may have a plain and a compressed one if both hold the same bytes."""
        if len(paths) > 1 and content_sha256(paths[0]) != content_sha256(paths[1]):
            raise ChainBrokenError(
                f"{paths[0].name}: expected the same as {paths[1].name}, found other bytes"
            )
        name = plain_name(paths[0])
        offset = 0
        for line in lines_of(paths[0]):
            if self._tail:
                raise ChainBrokenError(
                    f"{self._file}: expected a whole record at its end, found a part of one"
                )
            if not line.endswith(b"\n"):
                self._file, self._offset, self._tail = name, offset, line
                continue
            try:
                self._link = follow(self._link, line)
                if self._strict:
                    check_canonical(line)
            except ChainBrokenError as error:
                raise ChainBrokenError(f"{name}, byte {offset}: {error}") from error
            offset += len(line)
            self._file, self._offset = name, offset
            self._note(line)

    def _note(self, line: bytes) -> None:
        if self._link.seq in self._wanted:
            self._hashes[self._link.seq] = self._link.hash
        if self._link.seq == 1:
            self._broken_before = _kind_of(line) == AuditKind.CHAIN_BROKEN
        elif self._broken_before:
            self._broken_before = _kind_of(line) != AuditKind.DISARMED

    def result(self, files: int) -> Scan:
        return Scan(
            link=self._link,
            file=self._file,
            offset=self._offset,
            tail=self._tail,
            files=files,
            problem=self.problem,
            hashes=self._hashes,
            broken_before=self._broken_before,
        )


def _kind_of(line: bytes) -> str:
    """The kind of a record, read from its bytes; empty if a valid record is not in canonical form."""
    found = _KIND.match(line)
    return found[1].decode("ascii") if found else ""


@dataclass(frozen=True)
class Whole:
    """The files end at the head, or at the end of the pending bytes."""


@dataclass(frozen=True)
class Incomplete:
    """The files end within the pending bytes: `present` of them are there, the rest is to be restored."""

    present: int


@dataclass(frozen=True)
class Broken:
    """Anything else: tampering, truncation, a media fault."""

    problem: str


Verdict = Whole | Incomplete | Broken


def judge(
    found: Scan, head: AuditHead, pending: AuditBatch | None, read: Callable[[str, int, int], bytes]
) -> Verdict:
    """The verdict of the boot verification on the files, given the database's head and pending bytes.

    `found` must hold the hash of record `head.seq` if there is one. `read(file, offset, count)` gives bytes
    of an audit file.
    """
    if found.problem is not None:
        return Broken(found.problem)
    if pending is None:
        if found.link == (head.seq, head.hash) and not found.tail:
            return Whole()
        return Broken(_ends_wrongly(found, head, head.seq))
    if found.hashes.get(head.seq) != head.hash:
        return Broken(_ends_wrongly(found, head, pending.last_seq))
    present = read(pending.file, pending.offset, len(pending.payload) + 1)
    end = 0 if found.file != pending.file else found.offset + len(found.tail)
    placed = end == pending.offset + len(present) and (found.file or "") <= pending.file
    # After a power cut a file may have its new length, but zeros in place of what was not synced.
    written = present.rstrip(b"\0")
    if not placed or len(present) > len(pending.payload) or not pending.payload.startswith(written):
        return Broken(_ends_wrongly(found, head, pending.last_seq))
    return Whole() if present == pending.payload else Incomplete(len(written))


def _ends_wrongly(found: Scan, head: AuditHead, last_seq: int) -> str:
    part = f" and {len(found.tail)} bytes of a further one" if found.tail else ""
    expected = f"records up to {last_seq}, number {head.seq} with hash {head.hash}"
    return f"expected {expected}; found records up to {found.link.seq} with hash {found.link.hash}{part}"
