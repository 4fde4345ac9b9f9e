"""Gives memory back that a reading needed for a moment: glibc keeps it, once for each thread, for ever."""

from __future__ import annotations

import ctypes
import gc
from typing import Final

_ARENA_MAX: Final = -8
"""`M_ARENA_MAX` of glibc's malloc.h."""


def one_arena() -> None:
    """Let all threads share one heap. Without glibc nothing is done: this saves memory, and nothing else."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)


def settle() -> None:
    """What was imported stays for good: it is not looked through again for what nobody needs any more."""
    give_back()
    gc.freeze()


def give_back() -> None:
    """Return to the system what nobody needs any more."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
