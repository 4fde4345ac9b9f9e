"""The columns of a file of snapshots, kept as they lie in memory: processes that read it share its pages.

A file is named by a digest of the snapshots and their map, and ends with a digest of its own: one that is
damaged is made anew. Deleting the folder loses nothing but time.
"""

from __future__ import annotations

import hashlib
import mmap
from array import array
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal

from core.errors import InputError
from files.plain import read_plain
from lab.backtest.columns import ColumnMap, Columns, read_columns, require_file
from lab.backtest.kept_file import DIGEST_LENGTH, mapped_kept, read_at_rest, write_kept

FORM: Final = b"cerbero-bite columns 2\n"
"""The first line; another form, or another check of what is kept, has another number."""
_HEAD_LENGTH: Final = 64
_PART_LENGTH: Final = 2**20
"""A multiple of the size of a page."""
_CODES: Final[tuple[Literal["q", "d", "b"], ...]] = ("q", "q", *("d",) * 7, "b")
"""Widest first, so that each column begins at a multiple of its width; the sides are bytes, and come last."""


def kept_columns(path: Path, names: ColumnMap, cache: Path) -> Columns:
    """The columns of the file. A cache that can't be written is done without.

    Raises `InputError`, naming file, line or column, and what was found; or if the file does not rest.
    """
    require_file(path)
    digest = _digest(path, names)
    found = _mapped(_place(cache, digest))
    if found is not None:
        return found
    digest, columns = _read_at_rest(path, names, digest)
    kept = _place(cache, digest)
    if not _keep(kept, columns):
        return columns
    del columns  # Or both were in memory.
    found = _mapped(kept)
    return _read_at_rest(path, names, digest)[1] if found is None else found


def _read_at_rest(path: Path, names: ColumnMap, digest: str) -> tuple[str, Columns]:
    return read_at_rest(path, digest, lambda: _digest(path, names), lambda: read_columns(path, names))


def _place(cache: Path, digest: str) -> Path:
    return cache / f"{digest}.snapshots"


def _digest(path: Path, names: ColumnMap) -> str:
    digest = hashlib.sha256(FORM + names.model_dump_json().encode())
    try:
        with read_plain(path) as file:
            digest.update(path.suffix.encode())
            while part := file.read(2**20):
                digest.update(part)
    except OSError as error:
        raise InputError(f"{path}: expected a file of snapshots that can be read: {error.strerror}") from None
    return digest.hexdigest()


def _mapped(path: Path) -> Columns | None:
    """What the file holds, mapped into memory; None if it is not there or not whole."""
    mapped = mapped_kept(path)
    if mapped is None:
        return None
    whole = memoryview(mapped)
    body, digest = whole[:-DIGEST_LENGTH], whole[-DIGEST_LENGTH:]
    if bytes(body[: len(FORM)]) != FORM or _digest_of(mapped, len(body)) != digest:
        return None
    rows, offset = int(bytes(body[len(FORM) : _HEAD_LENGTH])), _HEAD_LENGTH
    columns: list[memoryview[Any]] = []
    for code in _CODES:
        size = array(code).itemsize * rows
        columns.append(body[offset : offset + size].cast(code))
        offset += size
    times, expirations, *numbers, puts = columns
    return Columns(times, expirations, puts, *numbers)


def _digest_of(mapped: mmap.mmap, length: int) -> bytes:
    """The digest of so many bytes; none of them stays in this process for it: rules look at a part."""
    digest, view = hashlib.sha256(), memoryview(mapped)
    for first in range(0, length, _PART_LENGTH):
        digest.update(view[first : min(first + _PART_LENGTH, length)])
        mapped.madvise(mmap.MADV_DONTNEED, first, min(_PART_LENGTH, len(mapped) - first))
    return digest.digest()


def _keep(path: Path, columns: Columns) -> bool:
    """Write it whole or not at all; whether it was written."""
    rows = str(len(columns.times_s)).encode().rjust(_HEAD_LENGTH - len(FORM))
    listed: tuple[Sequence[float], ...] = (
        columns.times_s,
        columns.expirations_s,
        *columns[3:],
        columns.puts,
    )
    contents = (_bytes_of(code, column) for code, column in zip(_CODES, listed, strict=True))
    return write_kept(path, chain((FORM + rows,), contents))


def _bytes_of(code: Literal["q", "d", "b"], column: Sequence[float]) -> memoryview:
    held = column if isinstance(column, array) and column.typecode == code else array(code, column)
    return memoryview(held).cast("B")
