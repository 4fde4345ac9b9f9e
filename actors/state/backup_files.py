"""Files of a backup: their digests, and what makes them durable."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from files.plain import read_plain

CHUNK_BYTES = 1024 * 1024


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 in hex of a file's bytes, and their number."""
    digest, size_bytes = sha256(), 0
    with read_plain(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
    return digest.hexdigest(), size_bytes


def fsync(path: Path) -> None:
    """Make a file's content durable, or a folder's names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
