"""A long run asks Linux for large pages: of its own memory alone, and for each once."""

from __future__ import annotations

import ctypes
import gc
import mmap
import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import large_pages
from cli.large_pages import LargePages, use_large_pages, whole_pages

MIB = 2**20
SIZE = 2 * MIB
MAPS = """\
00400000-00c00000 rw-p 00000000 08:01 77  /usr/lib/libpython.so
10100000-10700000 rw-p 00000000 00:00 0   [heap]
20000000-20200000 rw-p 00000000 00:00 0
20200000-20400000 rw-s 00000000 00:00 0   /dev/zero (deleted)
20400000-20600000 r--p 00000000 00:00 0
20700000-20a00000 rw-p 00000000 00:00 0
7ff000000-7ff400000 rw-p 00000000 00:00 0  [stack]
"""


@pytest.fixture
def callbacks() -> Iterator[None]:
    before = gc.callbacks[:]
    yield
    gc.callbacks[:] = before


def test_only_whole_pages_of_own_memory_are_asked_for() -> None:
    assert [hex(address) for address in whole_pages(MAPS, SIZE)] == [
        "0x10200000",
        "0x10400000",
        "0x20000000",
        "0x20800000",
    ]


def test_each_is_asked_for_once() -> None:
    asked: list[tuple[int, int]] = []
    pages = LargePages(SIZE, lambda address, length: asked.append((address, length)))
    pages.take("10000000-10200000 rw-p 00000000 00:00 0 \n")
    pages.take("10000000-10400000 rw-p 00000000 00:00 0 \n")
    assert asked == [(0x10000000, SIZE), (0x10200000, SIZE)]


@pytest.mark.skipif(sys.platform != "linux", reason="maps of a process are Linux's")
def test_it_asks_after_each_look_of_the_collector() -> None:
    asked: list[int] = []
    pages = LargePages(4096, lambda address, _: asked.append(address))
    pages.after_look("start", {})
    assert asked == []
    pages.after_look("stop", {})
    before = len(asked)
    assert before > 0
    more = mmap.mmap(-1, 64 * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    pages.after_look("stop", {})
    assert set(range(address_of(more), address_of(more) + 64 * 4096, 4096)) <= set(asked)
    assert len(set(asked)) == len(asked)


def test_maps_that_can_not_be_read_are_read_at_a_later_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception in the collector's callback would be printed into what the run shows."""
    asked: list[int] = []
    pages, maps = LargePages(SIZE, lambda address, _: asked.append(address)), tmp_path / "maps"
    monkeypatch.setattr(large_pages, "_MAPS", maps)
    pages.after_look("stop", {})
    maps.write_text(MAPS, "ascii")
    assert asked == []
    pages.after_look("stop", {})
    assert asked == list(whole_pages(MAPS, SIZE))


@pytest.mark.parametrize("said", [None, "", "none", str(512 * MIB)])
@pytest.mark.usefixtures("callbacks")
def test_without_pages_of_a_fitting_size_nothing_is_asked(
    said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = tmp_path / "size"
    if said is not None:
        size.write_text(said, "ascii")
    monkeypatch.setattr(large_pages, "_PAGE_SIZE", size)
    before = gc.callbacks[:]
    use_large_pages()
    assert gc.callbacks == before


@pytest.mark.usefixtures("callbacks")
def test_without_maps_of_the_process_nothing_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = tmp_path / "size"
    size.write_text(str(SIZE), "ascii")
    monkeypatch.setattr(large_pages, "_PAGE_SIZE", size)
    monkeypatch.setattr(large_pages, "_MAPS", tmp_path / "none")
    before = gc.callbacks[:]
    use_large_pages()
    assert gc.callbacks == before


def has_to_be_asked() -> bool:
    release = re.match(r"(\d+)\.(\d+)", platform.release())
    if sys.platform != "linux" or release is None or tuple(map(int, release.groups())) < (6, 1):
        return False
    return "[always]" not in (large_pages._PAGE_SIZE.parent / "enabled").read_text("ascii")


@pytest.mark.skipif(not has_to_be_asked(), reason="Linux does it since 6.1, and by itself if it is set so")
@pytest.mark.usefixtures("callbacks")
def test_linux_backs_the_memory_by_large_pages() -> None:
    memory = mmap.mmap(-1, 3 * SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for at in range(0, len(memory), mmap.PAGESIZE):
        memory[at] = 1
    use_large_pages()
    assert large_at(address_of(memory)) < SIZE
    gc.collect()
    assert large_at(address_of(memory)) >= SIZE
    assert memory[0] == memory[3 * SIZE - mmap.PAGESIZE] == 1


def address_of(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def large_at(address: int) -> int:
    """How many bytes of the mapping at that address are in large pages."""
    is_it = False
    for line in Path("/proc/self/smaps").read_text("ascii", "replace").splitlines():
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
        if found is not None:
            is_it = int(found[1], 16) <= address < int(found[2], 16)
        elif is_it and line.startswith("AnonHugePages:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("expected a mapping at that address")
