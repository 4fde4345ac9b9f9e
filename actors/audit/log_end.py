"""How the log ends, by a look at its last day alone: cheap enough for whoever looks once a second.

What a record further back holds, and whether the records form one chain, `scan` alone says.
"""

from __future__ import annotations

from pathlib import Path

from actors.audit.files import content_sha256, hash_of, lines_of, plain_name
from actors.audit.scan import Scan, by_day
from core.audit.hash_chain import GENESIS, ChainBrokenError, Link, read_record


def end_scan(folder: Path, *, wanted: int | None = None) -> Scan:
    """What `scan` says of the end, if all before it is sound. `wanted` is a record whose hash is kept.

    Each earlier file is only begun to be read. Raises ChainBrokenError that says what is no log of ours,
    OSError.
    """
    foreign, days = by_day(folder)
    if foreign:
        raise ChainBrokenError(f"{foreign[0].name}: expected a day in an audit file's name, found none")
    _begin_in_order(days)
    found = Scan(files=len(days))
    for paths in reversed(days):
        found = _with_day(found, paths[0])
        if found.link != GENESIS:
            break
    hashes = {}
    if wanted is not None and (known := hash_of(folder, wanted)) is not None:
        hashes[wanted] = known
    return Scan(found.link, found.file, found.offset, found.tail, found.files, hashes=hashes)


def _begin_in_order(days: list[list[Path]]) -> None:
    """Raise ChainBrokenError unless each day begins with a later record than the one before, and has one
    content."""
    begins = 0
    for paths in days:
        if len(paths) > 1 and content_sha256(paths[0]) != content_sha256(paths[1]):
            raise ChainBrokenError(
                f"{paths[0].name}: expected the same as {paths[1].name}, found other bytes"
            )
        first = next(lines_of(paths[0]), b"")
        if not first.endswith(b"\n"):
            continue  # An empty day or an unfinished line, as after a crash: the end is judged.
        seq = _record(paths[0], first).seq
        if seq <= begins or (begins == 0 and seq != 1):
            expected = "record 1" if begins == 0 else f"a record after {begins}"
            raise ChainBrokenError(f"{plain_name(paths[0])}: expected {expected} first, found {seq}")
        begins = seq


def _with_day(later: Scan, path: Path) -> Scan:
    """The end of one day, with what a later day without a whole record holds."""
    last, offset, tail = b"", 0, b""
    for line in lines_of(path):
        if line.endswith(b"\n"):
            last, offset = line, offset + len(line)
        else:
            tail = line
    link = _record(path, last) if last else GENESIS
    if later.tail:
        if tail:
            raise ChainBrokenError(f"{plain_name(path)}: expected a whole record at its end, found a part")
        return Scan(link, later.file, later.offset, later.tail, later.files)
    return Scan(link, plain_name(path) if last or tail else None, offset, tail, later.files)


def _record(path: Path, line: bytes) -> Link:
    try:
        record = read_record(line)
    except ChainBrokenError as error:
        raise ChainBrokenError(f"{plain_name(path)}: {error}") from error
    if type(record.seq) is not int or not isinstance(record.hash, str):
        raise ChainBrokenError(f"{plain_name(path)}: expected a record's number and hash, found others")
    return Link(record.seq, record.hash)
