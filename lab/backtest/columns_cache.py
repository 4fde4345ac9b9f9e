"""The columns of a file of snapshots, kept as they lie in memory: processes that read it share its pages.

A file is named by a digest of the snapshots and their map, and ends with a digest of its own: one that is
damaged is made anew. Deleting the folder loses nothing but time.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import tempfile
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

from core.errors import InputError
from lab.backtest.columns import ColumnMap, Columns, read_columns, require_file

FORM: Final = b"cerbero-bite columns 2\n"
"""The first line; another form, or another check of what is kept, has another number."""
_HEAD_LENGTH: Final = 64
_DIGEST_LENGTH: Final = 32
_PART_LENGTH: Final = 2**20
"""A multiple of the size of a page."""
_CODES: Final[tuple[Literal["q", "d", "b"], ...]] = ("q", "q", *("d",) * 7, "b")
"""Widest first, so that each column begins at a multiple of its width; the sides are bytes, and come last."""


def kept_columns(path: Path, names: ColumnMap, cache: Path) -> Columns:
    """The columns of the file. A cache that can't be written is done without.

    Raises `InputError`, naming file, line or column, and what was found.
    """
    require_file(path)
    kept = cache / f"{_digest(path, names)}.snapshots"
    found = _mapped(kept)
    if found is None:
        columns = read_columns(path, names)
        if not _keep(kept, columns):
            return columns
        del columns  # Or both were in memory.
        found = _mapped(kept)
    return read_columns(path, names) if found is None else found


def _digest(path: Path, names: ColumnMap) -> str:
    digest = hashlib.sha256(FORM + names.model_dump_json().encode())
    try:
        with path.open("rb") as file:
            digest.update(path.suffix.encode())
            while part := file.read(2**20):
                digest.update(part)
    except OSError as error:
        raise InputError(f"{path}: expected a file of snapshots that can be read: {error.strerror}") from None
    return digest.hexdigest()


def _mapped(path: Path) -> Columns | None:
    """What the file holds, mapped into memory; None if it is not there or not whole."""
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return None
    whole = memoryview(mapped)
    body, digest = whole[:-_DIGEST_LENGTH], whole[-_DIGEST_LENGTH:]
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
    digest, file = hashlib.sha256(), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            digest.update(FORM + rows)
            file.write(FORM + rows)
            for code, column in zip(_CODES, listed, strict=True):
                if not isinstance(column, array) or column.typecode != code:
                    column = array(code, column)
                content = memoryview(column).cast("B")
                digest.update(content)
                file.write(content)
            file.write(digest.digest())
        os.replace(file.name, path)  # noqa: PTH105  (a name, not a path)
    except OSError:
        if file is not None:
            Path(file.name).unlink(missing_ok=True)
        return False
    return True
