"""The audit folder: one file a day, appended and fsynced, compressed after a month, read as one stream."""

from __future__ import annotations

import fcntl
import gzip
import os
import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import IO

from actors.audit.durable import CHUNK_BYTES, fsync_folder, write_whole
from actors.failpoints import Failpoint, reach
from core.audit.hash_chain import GENESIS, RECORD_BYTES_MAX, ChainBrokenError, read_record
from core.errors import FoundWrongError
from core.messages.audit import AuditBatch
from files.plain import open_plain, read_plain

AUDIT_FOLDER = "audit"
COMPRESS_AFTER_DAYS = 30
_NAME = re.compile(r"audit-(\d{4}-\d{2}-\d{2})\.jsonl(\.gz)?", re.ASCII)


class AuditPositionError(FoundWrongError):
    """The audit file does not end where the next bytes belong: something else has written to it."""


def plain_name(path: Path) -> str:
    """The day's uncompressed name, whether or not the file is compressed."""
    return path.name.removesuffix(".gz")


def day_of(path: Path) -> date | None:
    """The day in an audit file's name; None if that is no date. Raises ValueError for any other file."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        raise ValueError(f"expected an audit file's name, found {path.name!r}")
    try:
        return date.fromisoformat(found[1])
    except ValueError:
        return None


def audit_files(folder: Path) -> list[Path]:
    """The audit files in order of their days; a day has two after a crash during its compression."""
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except (FileNotFoundError, NotADirectoryError):
        # Asked for before, it could still be gone by now: a restore renames it.
        return []


def undated(folder: Path) -> list[Path]:
    """The audit files whose names hold no valid date: foreign files, or renamed ones of ours."""
    return [path for path in audit_files(folder) if day_of(path) is None]


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """The uncompressed bytes of an audit file. Raises ChainBrokenError if compressed bytes are damaged.

    A file that was compressed since its name was read is found in its new form. Raises OSError for a pipe or
    anything else that is no plain file.
    """
    if path.suffix != ".gz" and not path.exists():
        compressed = path.with_name(f"{path.name}.gz")
        path = compressed if compressed.exists() else path
    try:
        if path.suffix == ".gz":
            with read_plain(path) as zipped, gzip.open(zipped, "rb") as unzipped:
                yield unzipped
        else:
            with read_plain(path) as stream:
                yield stream
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ChainBrokenError(f"{path.name}: expected a sound gzip file, found {error}") from error


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of an audit file with their line feeds; the last may lack it. Raises ChainBrokenError."""
    with opened(path) as stream:
        readline, limit = stream.readline, RECORD_BYTES_MAX
        while line := readline(limit + 1):
            if len(line) > limit:
                raise ChainBrokenError(f"{path.name}: expected lines of at most {RECORD_BYTES_MAX} bytes")
            yield line


def plain_files(folder: Path) -> list[Path]:
    """One file for each day, in order: where there are two of a day, they hold the same bytes."""
    return list({plain_name(path): path for path in reversed(audit_files(folder))}.values())[::-1]


def whole_lines(folder: Path) -> Iterator[bytes]:
    """The lines of all files in order, up to an unfinished last one (an engine is writing, or died)."""
    for path in plain_files(folder):
        for line in lines_of(path):
            if not line.endswith(b"\n"):
                return
            yield line


def hash_of(folder: Path, seq: int) -> str | None:
    """The hash in record number `seq`; None if there is none. Reads the one file that holds it."""
    if seq == GENESIS.seq:
        return GENESIS.hash
    for path in reversed(plain_files(folder)):
        first = next(lines_of(path), b"")
        if not first.endswith(b"\n") or (begins := read_record(first).seq) > seq:
            continue
        line = next(islice(lines_of(path), seq - begins, None), b"")
        return read_record(line).hash if line.endswith(b"\n") else None
    return None


def content_sha256(path: Path) -> str:
    """SHA-256 of the uncompressed bytes. Raises ChainBrokenError if compressed bytes are damaged."""
    digest = sha256()
    with opened(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def bytes_from(path: Path, offset: int, count: int) -> bytes:
    """At most `count` uncompressed bytes from `offset`; empty if the file is missing or shorter."""
    if not path.exists():
        return b""
    with opened(path) as stream:
        stream.seek(offset)
        return stream.read(count)


def append_bytes(folder: Path, batch: AuditBatch, check_live: Callable[[], None] = lambda: None) -> None:
    """Append the batch at its offset and fsync.

    Raises AuditPositionError if the file ends elsewhere, OSError if it can't be written or a write of an
    earlier life hangs in it. A failed write is undone by truncating the file. If even that fails, the next
    start finds a prefix of the pending bytes in the file and completes them.

    `check_live` raises if a successor has taken over, as of a life that hung in here: it then neither writes
    nor undoes, since the successor completes these bytes and goes on behind them.
    """
    path = folder / batch.file
    creates = os.O_CREAT if batch.offset == 0 else 0
    try:
        handle = open_plain(path, os.O_WRONLY | os.O_APPEND | creates)
    except FileNotFoundError as error:
        raise AuditPositionError(f"{batch.file}: expected {batch.offset} bytes, found no file") from error
    try:
        _take(handle, path)
        check_live()
        size = os.fstat(handle).st_size
        if size != batch.offset:
            raise AuditPositionError(f"{batch.file}: expected {batch.offset} bytes, found {size}")
        reach(Failpoint.AUDIT_OPENED)
        try:
            write_whole(handle, batch.payload)
            reach(Failpoint.AUDIT_WRITTEN)
            os.fsync(handle)
        except OSError:
            check_live()
            os.ftruncate(handle, batch.offset)
            raise
    finally:
        os.close(handle)
    reach(Failpoint.AUDIT_SYNCED)
    if batch.offset == 0:
        fsync_folder(folder)


def cut_off(path: Path, size: int) -> None:
    """Shorten a file to at most `size` bytes; harmless if there is none. The next append syncs that, too.

    Raises OSError if a write of an earlier life hangs in it.
    """
    if not path.exists():
        return
    handle = open_plain(path, os.O_WRONLY)
    try:
        _take(handle, path)
        if os.fstat(handle).st_size > size:
            os.ftruncate(handle, size)
    finally:
        os.close(handle)


def _take(handle: int, path: Path) -> None:
    """Have the file for this handle until it is closed: a thread that hangs in a write has it until then."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OSError(error.errno, "a write of an earlier life hangs in it", str(path)) from error


def sync(folder: Path, name: str) -> None:
    """Fsync a day's file and its folder."""
    handle = open_plain(folder / name)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    fsync_folder(folder)


def compressible(folder: Path, today: date) -> list[Path]:
    """The uncompressed files that are old enough to be compressed, oldest first."""
    limit = today - timedelta(days=COMPRESS_AFTER_DAYS)
    plain = [path for path in audit_files(folder) if path.suffix != ".gz"]
    return [path for path in plain if (day := day_of(path)) is not None and day < limit]


def compress(path: Path) -> Path:
    """Replace a file by its compressed form; at least one complete form exists at any time.

    After a power cut there may be both; they hold the same bytes, and the file is compressed again.
    Raises ChainBrokenError if what was written does not read back as the same bytes.
    """
    target = path.with_name(f"{path.name}.gz")
    draft = path.with_name(f"{path.name}.gz.draft")
    with (
        read_plain(path) as source,
        draft.open("wb") as sink,
        gzip.GzipFile(filename="", mode="wb", fileobj=sink, mtime=0) as zipped,
    ):
        shutil.copyfileobj(source, zipped, CHUNK_BYTES)
    reach(Failpoint.COMPRESSION_DRAFTED)
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    reach(Failpoint.COMPRESSION_SYNCED)
    draft.replace(target)
    reach(Failpoint.COMPRESSION_NAMED)
    fsync_folder(path.parent)
    if content_sha256(target) != content_sha256(path):
        target.unlink()
        raise ChainBrokenError(f"{target.name}: expected the bytes of {path.name}, found others")
    reach(Failpoint.COMPRESSION_CHECKED)
    path.unlink()
    reach(Failpoint.COMPRESSION_DONE)
    return target
