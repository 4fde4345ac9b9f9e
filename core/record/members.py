"""Gzip members, one after the other: what is written at once is one member, whole or not there.

gzip, pandas, polars and duckdb read such a file as one text. A crash can only leave a last member that is not
whole.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 6


class Member(NamedTuple):
    """A whole member: where it ends in the file, in bytes, and what it holds."""

    end: int
    content: bytes


def packed(content: bytes) -> bytes:
    """One member. No time stands in it: equal contents are equal bytes."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return packer.compress(content) + packer.flush()


def whole_members(file: bytes) -> Iterator[Member]:
    """The members of a file's bytes, up to the first that is cut off or damaged."""
    end = 0
    while end < len(file):
        unpacker = zlib.decompressobj(_GZIP)
        try:
            content = unpacker.decompress(memoryview(file)[end:])
        except zlib.error:
            return
        if not unpacker.eof:
            return
        end = len(file) - len(unpacker.unused_data)
        yield Member(end, content)
