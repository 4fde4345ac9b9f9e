"""Reads the whole chain as a stream, and compares its end with the one that the database holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from actors.audit.closed import walked_days
from actors.audit.files import audit_files, content_sha256, lines_of, plain_name, undated
from actors.audit.words import KIND_WITHIN, MAY_ARM, WordsOfSwitch
from core.audit.hash_chain import (
    GENESIS,
    ChainBrokenError,
    Link,
    check_canonical,
    digest_if_next,
    follow_all,
    split_lines,
    why_not_next,
)
from core.messages.audit import AuditBatch, FileEnd
from core.messages.room_status import AuditHead

NOT_ACCEPTED = "the chain begins with CHAIN_BROKEN, and no disarming after it accepts that"


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
    words: WordsOfSwitch = field(default_factory=WordsOfSwitch)

    @property
    def broken_before(self) -> bool:
        """The first record is CHAIN_BROKEN, and no DISARMED after it says that a person accepted that."""
        return self.words.broken_before


def scan(folder: Path, *, wanted: Iterable[int] = (), strict: bool = False) -> Scan:
    """Verify every record of the folder, from the first to the last.

    `wanted` are the numbers of the records whose hashes are kept; `strict` also checks the canonical form.
    """
    reader = _Reader(frozenset(wanted), strict)
    foreign, days = by_day(folder)
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


def boot_scan(folder: Path, *, wanted: Iterable[int] = ()) -> Scan:
    """As `scan`, but closed files are proved by the digests in the log where it holds them.

    If anything is wrong, every record is walked after all, so that the problem names it.
    """
    numbers = frozenset(wanted)
    foreign, days = by_day(folder)
    reader = _Reader(numbers, strict=False)
    try:
        walked, end = walked_days(days)
        if foreign or end is None:
            return scan(folder, wanted=numbers)
        for paths in days[: min(walked, len(days) - 1)]:
            reader.read_day(paths)
        reader.go_on_after(end)
        reader.read_day(days[-1])
    except (ChainBrokenError, OSError):
        return scan(folder, wanted=numbers)
    return reader.result(len(days))


def by_day(folder: Path) -> tuple[list[Path], list[list[Path]]]:
    """The files without a valid day, and the others by day; a day has two after a crash while compressing."""
    foreign = undated(folder)
    dated = [path for path in audit_files(folder) if path not in foreign]
    return foreign, [list(paths) for _, paths in groupby(dated, key=plain_name)]


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
        self._words = WordsOfSwitch()

    def read_day(self, paths: list[Path]) -> None:
        """Read one day's file; the day may have a plain and a compressed one if both hold the same bytes."""
        if len(paths) > 1 and content_sha256(paths[0]) != content_sha256(paths[1]):
            raise ChainBrokenError(
                f"{paths[0].name}: expected the same as {paths[1].name}, found other bytes"
            )
        name, offset = plain_name(paths[0]), 0
        seq, prev = self._link.seq, self._link.hash.encode("ascii")
        tail, strict, wanted = self._tail, self._strict, self._wanted
        try:
            for line in lines_of(paths[0]):
                if tail:
                    raise ChainBrokenError(
                        f"{self._file}: expected a whole record at its end, found a part of one"
                    )
                digest = digest_if_next(seq + 1, prev, line)
                if digest is None:
                    if line.endswith(b"\n"):
                        why = why_not_next(Link(seq, prev.decode("ascii")), line)
                        raise ChainBrokenError(f"{name}, byte {offset}: {why}")
                    self._file, self._offset, self._tail = name, offset, line
                    tail = line
                    continue
                if strict:
                    _check_form(name, offset, line)
                seq, prev = seq + 1, digest
                offset += len(line)
                if line.find(MAY_ARM, 0, KIND_WITHIN) >= 0 or seq == 1:
                    self._words.note(seq, line)
                if seq in wanted:
                    self._hashes[seq] = digest.decode("ascii")
        finally:
            self._link = Link(seq, prev.decode("ascii"))
            if offset:
                self._file, self._offset = name, offset

    def go_on_after(self, end: FileEnd) -> None:
        """Go on after a file that was proved, but not walked."""
        self._link = Link(end.seq, end.hash)
        self._words = WordsOfSwitch(end.last_word, broken_before=end.broken_before)
        if end.seq in self._wanted:
            self._hashes[end.seq] = end.hash

    def result(self, files: int) -> Scan:
        return Scan(
            link=self._link,
            file=self._file,
            offset=self._offset,
            tail=self._tail,
            files=files,
            problem=self.problem,
            hashes=self._hashes,
            words=self._words,
        )


def _check_form(name: str, offset: int, line: bytes) -> None:
    try:
        check_canonical(line)
    except ChainBrokenError as error:
        raise ChainBrokenError(f"{name}, byte {offset}: {error}") from error


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
        if found.link != (head.seq, head.hash) or found.tail:
            return Broken(_ends_wrongly(found, head, head.seq))
        if head.end is not None and (head.file, head.end) != (found.file, found.offset):
            return Broken(
                f"expected the last record to end at byte {head.end} of {head.file},"
                f" found it at byte {found.offset} of {found.file}"
            )
        return Whole()
    contradiction = _contradiction(head, pending)
    if contradiction is not None:
        return Broken(contradiction)
    if found.hashes.get(head.seq) != head.hash:
        return Broken(_ends_wrongly(found, head, pending.last_seq))
    end = 0 if found.file != pending.file else found.offset + len(found.tail)
    # What a running engine has appended since the scan is no part of what was scanned.
    scanned = max(0, end - pending.offset)
    present = read(pending.file, pending.offset, len(pending.payload) + 1)[:scanned]
    placed = end == pending.offset + len(present) and (found.file or "") <= pending.file
    # After a power cut a file may have its new length, but zeros in place of what was not synced.
    written = present.rstrip(b"\0")
    if not placed or len(present) > len(pending.payload) or not pending.payload.startswith(written):
        return Broken(_ends_wrongly(found, head, pending.last_seq))
    return Whole() if present == pending.payload else Incomplete(len(written))


def _contradiction(head: AuditHead, pending: AuditBatch) -> str | None:
    """What of the pending bytes does not follow from the head, as the database holds both."""
    if pending.first_seq != head.seq + 1:
        return f"pending: expected record {head.seq + 1} as the first, found {pending.first_seq}"
    try:
        end = follow_all(Link(head.seq, head.hash), split_lines(pending.payload))
    except ChainBrokenError as error:
        return f"pending: {error}"
    if end != (pending.last_seq, pending.last_hash):
        return f"pending: expected {end} as the end, found {pending.last_seq}:{pending.last_hash}"
    if head.end is not None and pending.offset != (head.end if pending.file == head.file else 0):
        return f"pending: expected it after byte {head.end} of {head.file}, found {pending.file}"
    return None


def _ends_wrongly(found: Scan, head: AuditHead, last_seq: int) -> str:
    part = f" and {len(found.tail)} bytes of a further one" if found.tail else ""
    expected = f"records up to {last_seq}, number {head.seq} with hash {head.hash}"
    return f"expected {expected}; found records up to {found.link.seq} with hash {found.link.hash}{part}"
