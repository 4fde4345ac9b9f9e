"""Gives memory back to the machine that was freed, but is held between pieces that are still in use.

The C library gives back by itself only the end of a heap. Each of the engine's threads has heaps of its own, so
without this resident memory grows for months although nothing more is in use.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable


def _malloc_trim() -> Callable[[int], int] | None:
    """glibc's function; None of a C library that has none, as musl."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


_TRIM = _malloc_trim()


def give_back_freed() -> None:
    """Give back every whole page of this process that is free. Takes some milliseconds; other threads go on."""
    if _TRIM is not None:
        _TRIM(0)
