"""Asks Linux to back what a long run keeps in memory by large pages, which saves a tenth of its CPU.

Its objects lie scattered over some 100 MiB, and in pages of 4 KiB the processor forgets where most of them
are. Python gets its memory in pieces of 1 MiB, for which Linux takes no large page by itself. It changes
nothing else, and a system that can't do it says no.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

MADV_COLLAPSE: Final = 25
"""Of `madvise`, since Linux 6.1: at once, and also where large pages are not asked for by default."""
PAGE_BYTES_MAX: Final = 4 * 2**20
"""On some machines a large page has 512 MiB, which a run would not fill."""
_PAGE_SIZE: Final = Path("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size")
_MAPS: Final = Path("/proc/self/maps")


def use_large_pages() -> None:
    """From now on ask for them as memory grows; nothing happens where there are none."""
    gc.callbacks.extend(_asking())


@contextmanager
def large_pages() -> Iterator[None]:
    """The same within the block. A process that goes on after it pays no more for looking at its memory."""
    asking = _asking()
    gc.callbacks.extend(asking)
    try:
        yield
    finally:
        for each in asking:
            gc.callbacks.remove(each)


def _asking() -> list[Callable[[str, dict[str, int]], None]]:
    """What the collector is to call: when there are so many more objects, there is more to ask for."""
    size = _page_bytes()
    return [] if size is None else [LargePages(size, _collapse()).after_look]


class LargePages:
    """Asks once for each whole page of the process's own memory."""

    def __init__(self, size: int, ask: Callable[[int, int], None]) -> None:
        """`ask` is called with the address and the length of one large page."""
        self._size = size
        self._ask = ask
        self._asked: set[int] = set()

    def after_look(self, phase: str, _info: dict[str, int]) -> None:
        """Called by the collector. Where the maps can't be read, as without a free handle, it asks later."""
        if phase != "stop":
            return
        with suppress(OSError):
            self.take(_MAPS.read_text("utf-8", "surrogateescape"))

    def take(self, maps: str) -> None:
        """Ask for what these maps of the process have and the last ones had not."""
        for address in whole_pages(maps, self._size):
            if address not in self._asked:
                self._asked.add(address)
                self._ask(address, self._size)


def whole_pages(maps: str, size: int) -> Iterator[int]:
    """Addresses of large pages that lie wholly within a process's own memory: not a file's, not shared.

    `maps`: lines as of `/proc/PID/maps` (proc_pid_maps(5)).
    """
    for line in maps.splitlines():
        area, access, _, _, inode, *name = line.split(maxsplit=5)
        if access != "rw-p" or inode != "0" or name not in ([], ["[heap]"]):
            continue
        first, end = (int(bound, 16) for bound in area.split("-"))
        yield from range(-(-first // size) * size, end // size * size, size)


def _page_bytes() -> int | None:
    """How large a large page is; None where they can't be used."""
    try:
        size = int(_PAGE_SIZE.read_text("ascii"))
    except (OSError, ValueError):
        return None
    return size if size <= PAGE_BYTES_MAX and _MAPS.exists() else None


def _collapse() -> Callable[[int, int], None]:
    madvise = ctypes.CDLL(None).madvise

    def ask(address: int, length: int) -> None:
        # Whether it was done does not matter: an older Linux refuses, and the page stays as it is.
        madvise(ctypes.c_void_p(address), ctypes.c_size_t(length), MADV_COLLAPSE)

    return ask
