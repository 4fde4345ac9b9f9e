"""Every state that a crash may leave is started from: what was acknowledged is there, and nothing else broke.

`make power` starts 2,400 of the states of the whole story in process, 20 of them as the real process, and
leaves out each sync of ours in turn. The default run records the first day and starts a few of its states.
"""

from __future__ import annotations

import ast
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.power import after_restart, recording, story
from tests.power.crash_states import CrashState, Replay, chosen, distinct, lay
from tests.power.disk import ROOT, Disk
from tests.power.syscalls import Call
from tests.scenarios.conftest import MEMORY

STATES = 2400
SHARDS = 12
SAMPLE = 16
PROCESSES = 20
TRIES_PER_MUTANT = 150
FIRST_DAY = ("trade",)
WHOLE_STORY = tuple(story.CHAPTERS)
NEEDLESS = {"actors/state/ballast.py take": "the ballast is space, not content: a start takes it again"}
"""The syncs whose loss changes no state that anyone relies on, and why they are there all the same."""
RECORD = "the market's record proves nothing: a part that is lost is a hole, which an export tells"
NOT_IN_THE_STORY: dict[str, str] = {
    "actors/anchor/file.py write": "on another disk; without its last head it is behind the log",
    "actors/anchor/file.py _sync_folder": "the same",
    "actors/kill_switch/kill_file.py _lay_bare": "only where a file can be made, but not its content: "
    "tests/actors/kill_switch/test_kill_file.py",
    "actors/recorder/folder.py _add": RECORD,
    "actors/recorder/folder.py _cut": RECORD,
    "actors/recorder/folder.py _sync_folder": RECORD,
    "actors/state/rebuild.py _sync": "a command without an engine: tests/power/test_commands.py",
    "cli/commands/phone.py secret": "a file outside of the data folder; without it no code is good",
    "config/sealing.py _sync_folder": "a file outside of the data folder: tests/power/test_commands.py",
    "files/whole.py _end": "the same",
}
"""Functions that sync and that the story does not reach, as `file function`, and why it can't."""
CODE = ("actors", "cli", "config", "files", "reading")


@dataclass(frozen=True)
class Recorded:
    """A recorded story and its states."""

    folder: Path
    calls: list[tuple[str, Call]]
    replay: Replay
    states: dict[bytes, CrashState]


def recorded(folder: Path, chapters: Iterable[str], *, how: str = "durably") -> Recorded:
    chapters = tuple(chapters)
    recording.record(folder, chapters, how=how)
    calls = list(recording.recorded(folder, chapters))
    replay = Replay(folder, calls)
    return Recorded(folder, calls, replay, distinct(replay.states()))


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    reason = recording.why_not()
    if reason is not None:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name).resolve()


@pytest.fixture(scope="module")
def first_day(memory: Path) -> Recorded:
    (memory / "first-day").mkdir()
    return recorded(memory / "first-day", FIRST_DAY)


@pytest.fixture(scope="module")
def whole_story(memory: Path) -> Recorded:
    (memory / "story").mkdir()
    return recorded(memory / "story", WHOLE_STORY)


def failures(
    disk: Disk,
    states: Iterable[CrashState],
    folder: Path,
    problems: Callable[[Path, CrashState], list[str]] = after_restart.problems,
) -> Iterator[str]:
    """Start on each state; one line for each that has a problem. Whatever the start raises is one."""
    for state in states:
        folder.mkdir()
        lay(disk, state, folder)
        try:
            found = problems(folder, state)
        except Exception as error:
            found = [f"{type(error).__name__}: {error}"]
        shutil.rmtree(folder)
        if found:
            yield f"{state.name}: {'; '.join(found)}"


@pytest.mark.long
def test_a_replay_ends_with_the_files_that_the_process_left(first_day: Recorded) -> None:
    """The model of the disk is right: no call that changes something is missing or misread."""
    disk = first_day.replay.disk
    replayed: dict[str, bytes] = {}
    folders = [("", ROOT)]
    while folders:
        path, node = folders.pop()
        for name, child in disk.seen[node].items():
            if disk.is_folder(child):
                folders.append((f"{path}{name}/", child))
            elif disk.is_kept(child):
                replayed[f"{path}{name}"] = disk.content(child, disk.seen_changes[child])
    left = {
        str(path.relative_to(first_day.folder)): path.read_bytes()
        for folder in (story.DATA, "venue")
        for path in (first_day.folder / folder).rglob("*")
        if path.is_file() and path.name != "ballast"
    }
    assert sorted(replayed) == sorted(left)
    assert [name for name, content in left.items() if replayed[name] != content] == []


@pytest.mark.long
def test_some_crash_states_of_the_first_day_are_started_from(first_day: Recorded, memory: Path) -> None:
    """Of those that have lost something while something was acknowledged: a broken promise shows there."""
    lost = [state for state in first_day.states.values() if state.after_a_word and "dropped" in state.way]
    sample = chosen(lost, SAMPLE)
    assert len(sample) == SAMPLE
    assert list(failures(first_day.replay.disk, sample, memory / "sample")) == []


@pytest.mark.power
@pytest.mark.parametrize("shard", range(SHARDS))
def test_any_crash_state_of_the_whole_story_is_started_from(
    whole_story: Recorded, memory: Path, shard: int
) -> None:
    states = chosen(whole_story.states.values(), STATES)
    assert len(states) == STATES
    assert list(failures(whole_story.replay.disk, states[shard::SHARDS], memory / "shard")) == []


@pytest.mark.power
def test_the_real_process_starts_from_them_too(whole_story: Recorded, memory: Path) -> None:
    """Engine on threads and venue over HTTP, each in its own process."""
    states = chosen(whole_story.states.values(), PROCESSES, seed=2)
    found = failures(whole_story.replay.disk, states, memory / "process", after_restart.problems_of_process)
    assert list(found) == []


@pytest.mark.power
def test_each_sync_of_ours_is_in_the_story(whole_story: Recorded, repository: Path) -> None:
    noted = {function_of(site[0]) for site in whole_story.replay.sites if site}
    assert set(syncs_in_the_code(repository)) - noted == set(NOT_IN_THE_STORY)


@pytest.mark.power
def test_each_sync_of_ours_that_is_left_out_is_missed(
    whole_story: Recorded, memory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The replay passes over one sync at a time. States that are new by that are started until one fails."""
    survived, lines = set[str](), list[str]()
    for site in sorted(whole_story.replay.sites):
        if not site:
            continue  # The story's own.
        mutant = Replay(whole_story.folder, whole_story.calls, without=site)
        new = [
            state
            for key, state in distinct(mutant.states()).items()
            if key not in whole_story.states or whole_story.states[key].acknowledged != state.acknowledged
        ]
        tries = sorted(chosen(new, TRIES_PER_MUTANT), key=likely_to_fail)
        missed = next(failures(mutant.disk, tries, memory / "mutant"), None)
        lines.append(f"{' < '.join(site)}: {len(new)} new states; {missed or 'SURVIVED'}")
        if missed is None:
            survived.add(function_of(site[0]))
    with capsys.disabled():
        print("\n" + "\n".join(line[:400] for line in lines))  # noqa: T201  (the table of docs/reliability.md)
    assert survived == set(NEEDLESS)


@pytest.mark.power
def test_books_that_are_not_synced_are_missed(memory: Path) -> None:
    """The mutant of SQLite's `synchronous=OFF`, recorded anew because SQLite writes otherwise then."""
    (memory / "careless").mkdir()
    careless = recorded(memory / "careless", FIRST_DAY, how="carelessly")
    tries = sorted(chosen(careless.states.values(), TRIES_PER_MUTANT), key=likely_to_fail)
    assert next(failures(careless.replay.disk, tries, memory / "mutant"), None) is not None


@pytest.mark.power
def test_the_whole_story_has_every_way_of_every_chapter(whole_story: Recorded) -> None:
    ways = Counter((state.chapter, state.way) for state in whole_story.states.values())
    assert {chapter for chapter, _ in ways} == set(WHOLE_STORY)
    for way in ("all dropped", "one file kept", "torn, the rest kept", "names dropped, contents kept"):
        assert any(found == way for _, found in ways), way


def likely_to_fail(state: CrashState) -> tuple[bool, bool, int]:
    """First what contradicts itself, then what lost everything, late in the story before early."""
    return bool(state.acknowledged.switch), state.way != "all dropped", -state.number


def function_of(entry: str) -> str:
    """`file function` of `file:line function`."""
    place, _, function = entry.partition(" ")
    return f"{place.partition(':')[0]} {function}"


def syncs_in_the_code(repository: Path) -> Iterator[str]:
    """Each function that calls `os.fsync`."""
    for folder in CODE:
        for path in sorted((repository / folder).rglob("*.py")):
            for function in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(function, ast.FunctionDef) and any(
                    isinstance(node, ast.Attribute) and node.attr in ("fsync", "fdatasync")
                    for node in ast.walk(function)
                ):
                    yield f"{path.relative_to(repository).as_posix()} {function.name}"
