"""The model of a disk, on calls as strace writes them: what is durable when, what a crash may leave."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.power.crash_states import CrashState, Replay, distinct
from tests.power.syscalls import Call, NotUnderstoodError, calls

ROOT = Path("/recorded")
Found = dict[str, bytes | None]


def hexed(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def opened(path: str, flags: str, descriptor: int) -> str:
    whole = hexed(f"{ROOT}/{path}")
    return f'7 openat(AT_FDCWD<{hexed("/")}>, "{whole}", {flags}, 0600) = {descriptor}<{whole}>'


def on(descriptor: int, path: str) -> str:
    return f"{descriptor}<{hexed(f'{ROOT}/{path}')}>"


def written(descriptor: int, path: str, content: str) -> str:
    return f'7 write({on(descriptor, path)}, "{hexed(content)}", {len(content)}) = {len(content)}'


def synced(descriptor: int, path: str) -> str:
    return f"7 fsync({on(descriptor, path)}) = 0"


def renamed(old: str, new: str) -> str:
    return f'7 rename("{hexed(f"{ROOT}/{old}")}", "{hexed(f"{ROOT}/{new}")}") = 0'


def made(folder: str) -> str:
    return f'7 mkdir("{hexed(f"{ROOT}/{folder}")}", 0700) = 0'


MARKING = opened("marks", "O_WRONLY|O_CREAT|O_APPEND", 9)
WORD = written(9, "marks", json.dumps({"mark": "begun", "at": "2026-01-05T14:00:00+00:00"}) + "\n")
BEGIN = [MARKING, WORD, made("data"), opened("data", "O_RDONLY|O_DIRECTORY", 8)]
A_FILE = [opened("data/a", "O_WRONLY|O_CREAT", 3), written(3, "data/a", "one"), synced(3, "data/a")]


def replayed(lines: Iterable[str]) -> tuple[Replay, list[CrashState]]:
    recorded = [("chapter", call) for call in calls(lines)]
    replay = Replay(ROOT, recorded)
    return replay, list(distinct(replay.states()).values())


def states(lines: Iterable[str]) -> list[Found]:
    """What is in the data folder in each of the states."""
    replay, found = replayed(lines)
    return [
        {
            path.removeprefix("data/"): replay.disk.content(*content) if content else None
            for path, content in state.tree.items()
            if path != "data"
        }
        for state in found
    ]


def test_content_that_was_not_synced_may_be_there_or_not() -> None:
    found = states([*BEGIN, *A_FILE, synced(8, "data"), written(3, "data/a", "two")])
    assert {"a": b"onetwo"} in found
    assert {"a": b"one"} in found


def test_a_synced_file_whose_folder_is_not_may_be_missing() -> None:
    found = states([*BEGIN, *A_FILE])
    assert {"a": b"one"} in found
    assert {} in found


def test_what_was_synced_is_in_every_later_state() -> None:
    replay, found = replayed([*BEGIN, *A_FILE, synced(8, "data"), written(3, "data/a", "two")])
    later = [state for state in found if state.call.startswith("write")]
    assert later
    for state in later:
        content = state.tree["data/a"]
        assert content is not None
        assert replay.disk.content(*content).startswith(b"one")


def test_a_rename_that_was_not_synced_leaves_the_old_or_the_new_name_and_never_none() -> None:
    found = states([*BEGIN, *A_FILE, synced(8, "data"), renamed("data/a", "data/b")])
    assert {"a": b"one"} in found
    assert {"b": b"one"} in found
    after = found[found.index({"b": b"one"}) :]
    assert all("a" in state or "b" in state for state in after)


def test_a_file_renamed_over_another_before_its_content_was_synced_may_be_empty() -> None:
    """The mistake that a missing fsync before a rename is."""
    new = [opened("data/n", "O_WRONLY|O_CREAT", 4), written(4, "data/n", "two")]
    found = states([*BEGIN, *A_FILE, synced(8, "data"), *new, renamed("data/n", "data/a")])
    assert {"a": b""} in found
    synced_first = [
        *BEGIN,
        *A_FILE,
        synced(8, "data"),
        *new,
        synced(4, "data/n"),
        renamed("data/n", "data/a"),
    ]
    replay, last = replayed(synced_first)
    contents = {
        replay.disk.content(*content)
        for state in last
        if state.call.startswith("rename") and (content := state.tree.get("data/a"))
    }
    assert contents == {b"two"}


def test_a_removal_may_reach_the_disk_before_an_addition_that_came_first() -> None:
    other = [opened("data/c", "O_WRONLY|O_CREAT", 5), synced(8, "data")]
    marked = [written(5, "data/c", "by now"), synced(5, "data/c")]
    new = [opened("data/b", "O_WRONLY|O_CREAT", 4), written(4, "data/b", "one"), synced(4, "data/b")]
    removed = f'7 unlink("{hexed(f"{ROOT}/data/a")}") = 0'
    assert {"c": b"by now"} in states([*BEGIN, *A_FILE, *other, *marked, *new, removed])


def test_a_write_is_torn_at_the_boundaries_of_sectors() -> None:
    long = "x" * 9000
    found = states([*BEGIN, *A_FILE, synced(8, "data"), written(3, "data/a", long)])
    lengths = {len(content) for state in found if (content := state.get("a"))}
    assert {512, 4096, 8192, 8704} <= lengths


def test_a_site_that_is_left_out_syncs_nothing() -> None:
    site = ["actors/some/file.py:1 function"]
    word = json.dumps({"mark": "sync", "at": "2026-01-05T14:00:00+00:00", "site": site}) + "\n"
    lines = [*BEGIN, *A_FILE, written(3, "data/a", "two"), written(9, "marks", word), synced(3, "data/a")]
    recorded = [("chapter", call) for call in calls(lines)]
    whole, mutant = Replay(ROOT, recorded), Replay(ROOT, recorded, without=tuple(site))
    for replay in (whole, mutant):
        list(replay.states())
    assert max(whole.disk.durable_changes.values()) == 2
    assert max(mutant.disk.durable_changes.values()) == 1
    assert whole.sites == {tuple(site)}


def test_a_call_that_others_interrupted_stands_where_it_ends() -> None:
    found = list(
        calls(["7 fsync(3<\\x2f> <unfinished ...>", "8 fsync(4<\\x2f>) = 0", "7 <... fsync resumed>) = 0"])
    )
    assert [(call.process, call.name) for call in found] == [(8, "fsync"), (7, "fsync")]


def test_a_call_that_failed_changes_nothing() -> None:
    assert list(calls(['7 unlink("\\x61") = -1 ENOENT (No such file or directory)'])) == []


def test_what_can_not_be_replayed_is_refused() -> None:
    replay = Replay(ROOT, [])
    with pytest.raises(NotUnderstoodError):
        replay.disk.take(Call(7, "pwritev", ("3",), 5))


def test_a_file_that_is_opened_by_the_older_call_is_the_same_file() -> None:
    """Some builds of Python and of the C library still use it; a relative path can't be placed."""
    by_openat = opened("data/a", "O_WRONLY|O_CREAT", 3)
    by_open = by_openat.replace(f"openat(AT_FDCWD<{hexed('/')}>, ", "open(")
    assert states([*BEGIN, by_open, *A_FILE[1:]]) == states([*BEGIN, *A_FILE])
    outside = f'7 open("{hexed("/proc/sys/vm/overcommit_memory")}", O_RDONLY) = 3<{hexed("/proc/x")}>'
    assert states([*BEGIN, outside]) == states(BEGIN)
    with pytest.raises(NotUnderstoodError, match="relative path"):
        states([*BEGIN, f'7 open("{hexed("a")}", O_RDONLY) = 3<{hexed("/proc/x")}>'])
