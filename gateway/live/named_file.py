"""Reads a small text file that a person has named: a plain one, and no further than it may be long."""

from __future__ import annotations

from pathlib import Path

from core.errors import InputError
from files.plain import read_plain


def named_bytes(path: Path, what: str, bytes_max: int) -> bytes:
    """The whole file. Raises `InputError` that begins with `what` and the path."""
    try:
        with read_plain(path) as stream:
            raw = stream.read(bytes_max + 1)
    except OSError as error:
        raise InputError(f"{what} {path}: can't be read: {error.strerror or error}") from error
    if len(raw) > bytes_max:
        raise InputError(f"{what} {path}: expected at most {bytes_max:,} bytes, found more")
    return raw


def text_of(raw: bytes, what: str) -> str:
    """UTF-8 as text, with or without a byte order mark. Raises `InputError` that begins with `what`."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{what}: can't be read: {error}") from error
