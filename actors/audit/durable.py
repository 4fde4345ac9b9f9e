"""Writes that survive a power cut: every byte is written, then the file and its folder are fsynced."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from files.plain import read_plain

CHUNK_BYTES = 1024 * 1024


def fsync_folder(folder: Path) -> None:
    """Make creations, renames and removals in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make `folder` unless it is there; its name in the folder above is durable when this returns.

    It is synced also if it is there: the process that made it may have been killed before it synced it.
    The folder above must be there: whoever owns that one makes it.
    """
    folder.mkdir(exist_ok=True)
    fsync_folder(folder.parent)


def write_whole(handle: int, payload: bytes) -> None:
    """Write every byte; the operating system may take fewer at a time."""
    view = memoryview(payload)
    while view:
        view = view[os.write(handle, view) :]


def write_file(path: Path, content: bytes) -> None:
    """Create a file with `content` and fsync it; the caller has to fsync its folder."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        write_whole(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces, lower-case hex."""
    digest = sha256()
    with read_plain(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
