"""The C library's heaps: few of them, and what is free in them is given back.

By itself it makes a heap for nearly each thread and gives back only a heap's end, so that with the engine's
threads resident memory grows for weeks although no more is in use. Both settings are those of glibc; another
C library has neither, and is left alone.
"""

from __future__ import annotations

import ctypes
from typing import Final

HEAPS_MAX: Final = 2
"""One thread computes at a time, so that more would hardly be used at once."""
_M_ARENA_MAX: Final = -8
"""Its number in malloc.h."""
_LIBC: Final = ctypes.CDLL(None)
HAS_HEAPS: Final = hasattr(_LIBC, "malloc_trim") and hasattr(_LIBC, "mallopt")


def share_heaps() -> None:
    """Have all threads that are started from here on share `HEAPS_MAX` heaps."""
    if HAS_HEAPS:
        _LIBC.mallopt(_M_ARENA_MAX, HEAPS_MAX)


def give_back_freed() -> None:
    """Give back every whole page of this process that is free; takes some milliseconds."""
    if HAS_HEAPS:
        _LIBC.malloc_trim(0)
