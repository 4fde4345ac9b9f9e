"""Files that save time and nothing else: written whole or not at all, and made of what did not change."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from core.errors import InputError
from files.plain import read_plain
from files.whole import Parts, replace_whole

T = TypeVar("T")
DIGEST_LENGTH: Final = 32
READS_MAX: Final = 3
"""What is still being written after so many reads is told to a person."""


def read_at_rest(
    source: Path, before: str, digest: Callable[[], str], read: Callable[[], T]
) -> tuple[str, T]:
    """What was read, and the digest of it: the same after the reading as `before` it.

    Files may be replaced while they are read, as by a copy that is under way: what was read is then of no one
    version, and is read anew. Raises `InputError` if they do not come to rest.
    """
    for _ in range(READS_MAX):
        found = read()
        after = digest()
        if after == before:
            return after, found
        del found  # Or two were in memory.
        before = after
    raise InputError(
        f"{source}: expected files that stay as they are while they are read, found them changed "
        f"{READS_MAX} times; wait for what writes them to end"
    )


def write_kept(path: Path, parts: Parts) -> bool:
    """Write the parts with a digest of them behind, whole or not at all; whether it was written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(path, _with_digest(parts), 0o600)
    except OSError:
        return False
    return True


def _with_digest(parts: Parts) -> Iterator[bytes | memoryview]:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
        yield part
    yield digest.digest()


def mapped_kept(path: Path) -> mmap.mmap | None:
    """What the file holds, mapped into memory; None if there is none that can be."""
    try:
        with read_plain(path) as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return None
