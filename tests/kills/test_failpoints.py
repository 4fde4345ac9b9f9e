"""The real process is killed at every failpoint, and started again: what was promised holds."""

from __future__ import annotations

import ast
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from actors.failpoints import Failpoint
from actors.kill_switch import DiskKillFile
from actors.state.ballast import BALLAST_BYTES
from core.kill_file import KILL_FILE_NAME
from core.messages.arm_cause import ArmCause
from lab.engine import open_venue
from tests.cli.paper.test_paper import wait_for_audit
from tests.cli.support import ROOT, ended, started
from tests.kills import folders
from tests.kills.running import PAPER, killed_at
from tests.power.after_restart import PROCESS_S, problems_of_next_process
from tests.power.crash_states import ARMED, Acknowledged
from tests.scenarios.playing import MARKET

F = Failpoint
CHANGES = {
    "fsync",
    "rename",
    "link",
    "unlink",
    "rmtree",
    "hardlink_to",
    "truncate",
    "ftruncate",
    "posix_fallocate",
    "copy2",
}
CALLER = "who calls it reaches one right after it"
PLACE_OF_SOCKET = "a socket is made anew by each start"
ON_ANOTHER_DISK = "an anchor that lost its last head is behind the log, which is fine"
NEEDS_NONE = {
    "actors/anchor/file.py _sync_folder": ON_ANOTHER_DISK,
    "actors/anchor/file.py write": ON_ANOTHER_DISK,
    "actors/audit/durable.py fsync_folder": CALLER,
    "actors/audit/durable.py write_file": CALLER,
    "actors/audit/files.py cut_off": CALLER,
    "actors/audit/files.py sync": "nothing changes by it",
    "actors/control/listener.py _make_folder": PLACE_OF_SOCKET,
    "actors/control/listener.py _make_way": PLACE_OF_SOCKET,
    "actors/control/listener.py _end": PLACE_OF_SOCKET,
    "actors/control/socket_path.py _try": PLACE_OF_SOCKET,
    "actors/kill_switch/kill_file.py _rename_back": "only after an error of the disk: KILL.disarming stays",
    "actors/kill_switch/kill_file.py _sync": CALLER,
    "actors/kill_switch/kill_file.py _write": CALLER,
    "actors/recorder/folder.py _sync_folder": "a file whose name is lost is a hole, which an export tells",
    "actors/state/backup_audit.py _copy_with_pending": CALLER,
    "actors/state/backup_audit.py copy": CALLER,
    "actors/state/backup_audit.py copy_audit": CALLER,
    "actors/state/backup.py _write_manifest": CALLER,
    "actors/state/backup_files.py fsync": CALLER,
    "actors/state/backup_market.py _write_day": CALLER,
    "actors/state/rebuild.py _sync": "a command without an engine: test_killed_steps.py",
    "actors/state/rebuild.py write_database": "a command without an engine: test_killed_steps.py",
}
"""Functions of rooms that change the disk without a failpoint, and why."""
AFTER = timedelta(hours=1)
"""Longer than the venue's maintenance window, in which a person's command waits."""
SMALL_DISK_BYTES = 3 * BALLAST_BYTES
HARDLY_ANY_BYTES = 64 * 1024


class Story(NamedTuple):
    """How the failpoints are come to: on which folder, in which run, at which times besides the first."""

    folder: Callable[[Path], Acknowledged]
    points: tuple[Failpoint, ...]
    later: tuple[int, ...] = ()
    arguments: tuple[str, ...] = PAPER


TRADES = Story(
    folders.new,
    (
        *(F.BALLAST_TAKEN, F.BALLAST_SYNCED, F.BOOKS_OPENED),
        *(F.BACKUP_BEGUN, F.BACKUP_BOOKS_COPIED, F.BACKUP_AUDIT_COPIED, F.BACKUP_DESCRIBED),
        *(F.BACKUP_NAMED, F.BACKUP_SYNCED, F.BACKUP_MARKET_COPIED, F.BACKUP_OLD_SET_ASIDE),
        *(F.BACKUP_OLD_REMOVED, F.AUDIT_DAY_BEGUN),
    ),
)
ORDERS = Story(
    folders.new,
    (
        *(F.PERMIT_GRANTED, F.INSTRUCTION_RECORDED, F.SENT_RECORDED, F.EDIT_RECORDED),
        *(F.PLACE_SENDING, F.PLACE_ANSWERED, F.EDIT_SENDING, F.EDIT_ANSWERED),
    ),
    later=(2,),
)
# Half of each order never fills, so that the first one is cancelled: else it may be months until one is.
CANCELS = Story(
    folders.new,
    (F.CANCEL_SENDING, F.CANCEL_ANSWERED),
    later=(2,),
    arguments=(*PAPER, "--fault", "venue:partial_silent:1"),
)
PERSONS = Story(
    folders.new,
    (
        *(F.ARMED_IN_MEMORY, F.ARMING_ACKNOWLEDGED, F.DISARMING_RECORDED),
        *(
            F.KILL_DRAFTED,
            F.KILL_LAID,
            F.KILL_SYNCED,
            F.KILL_ADDED_TO,
            F.KILL_SET_ASIDE,
            F.KILL_ASIDE_REMOVED,
        ),
        *(F.INBOX_RECEIVED, F.INBOX_RECORDED, F.INBOX_DELIVERED, F.INBOX_ENDED, F.INBOX_END_TOLD),
        F.INBOX_CLOSED,
    ),
    later=(3,),
)
# A paper run tells nobody unless it is asked to.
ALERTS = Story(folders.new, (F.ALERT_SENT,), later=(3,), arguments=(*PAPER, "--telegram"))
RECORDS = Story(
    folders.new,
    (
        *(F.AUDIT_OPENED, F.AUDIT_WRITTEN, F.AUDIT_SYNCED, F.AUDIT_APPENDED),
        *(F.BOOKS_APPLIED, F.BOOKS_PENDING, F.BOOKS_COMMITTED, F.BOOKS_DURABLE, F.BOOKS_ANSWERED),
    ),
    later=(7, 60),
)
MIGRATIONS = Story(folders.new, (F.BOOKS_MIGRATED,), later=(2, 3, 4, 5))
STOPS = Story(folders.used, (F.BOOKS_SETTLED,), arguments=(*PAPER[:3], "0.02", *PAPER[4:]))
RARE = (
    Story(
        folders.month_old,
        (
            *(F.COMPRESSION_DRAFTED, F.COMPRESSION_SYNCED, F.COMPRESSION_NAMED),
            *(F.COMPRESSION_CHECKED, F.COMPRESSION_DONE),
        ),
    ),
    Story(
        folders.cut_log,
        (F.EVIDENCE_BEGUN, F.EVIDENCE_MOVED, F.EVIDENCE_LISTED, F.EVIDENCE_SYNCED, F.CHAIN_RESTARTED),
    ),
    Story(folders.damaged_market, (F.MARKET_ASIDE_BEGUN, F.MARKET_MOVED, F.MARKET_BEGUN)),
    Story(folders.torn_record, (F.RECORD_TAIL_CUT, F.RECORD_WRITTEN, F.RECORD_PRUNED)),
    Story(folders.armed_while_disarmed, (F.KILL_PUT_BACK,)),
)
STORIES = (TRADES, ORDERS, CANCELS, PERSONS, ALERTS, RECORDS, MIGRATIONS, STOPS, *RARE)
TAIL = (F.AUDIT_TAIL_CUT, F.AUDIT_TAIL_RESTORED)
CORRUPT = (F.CORRUPT_BOOKS_COPIED, F.CORRUPT_BOOKS_NOTED)
FULL_DISK = (F.BALLAST_RELEASED, F.AUDIT_BALLAST_RELEASED)
BARE = (F.KILL_LAID_BARE,)
KILLS = [
    pytest.param(story, point, count, id=f"{point}-{count}")
    for story in STORIES
    for point in story.points
    for count in (1, *story.later)
]


def places(repository: Path) -> Iterator[str]:
    """Each failpoint that the code names, as often as it does."""
    for path in sorted((repository / "actors").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Attribute(value=ast.Name(id="Failpoint"), attr=name):
                    yield name
                case _:
                    pass


def test_each_failpoint_is_one_place_of_the_code(repository: Path) -> None:
    assert Counter(places(repository)) == Counter(list(F.__members__))


def changing_functions(repository: Path) -> Iterator[tuple[str, bool]]:
    """Each function that changes the disk, as `file function`, and whether it reaches a failpoint."""
    for path in sorted((repository / "actors").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef):
                called = {
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                    for node in ast.walk(function)
                    if isinstance(node, ast.Call)
                }
                if called & CHANGES:
                    yield f"{path.relative_to(repository).as_posix()} {function.name}", "reach" in called


def test_each_function_that_changes_the_disk_reaches_a_failpoint(repository: Path) -> None:
    """A new one gets a failpoint of its own, which a story below comes to, or a reason why it needs none."""
    without = {name for name, reaches in changing_functions(repository) if not reaches}
    assert without == set(NEEDS_NONE)


def test_each_failpoint_is_killed_at() -> None:
    """In one of the stories, or in a test of its own below."""
    in_stories = chain.from_iterable(story.points for story in STORIES)
    assert Counter([*in_stories, *TAIL, *CORRUPT, *FULL_DISK, *BARE]) == Counter(F)


@pytest.mark.long
def test_the_process_is_killed_when_its_order_has_been_answered(tmp_path: Path) -> None:
    """One of the kills below: an order is at the venue, and the engine has not heard of it."""
    kill_and_start(ORDERS, F.PLACE_ANSWERED, 1, tmp_path / "data")


@pytest.mark.soak
@pytest.mark.parametrize(("story", "point", "count"), KILLS)
def test_what_was_promised_survives_a_kill_at(
    tmp_path: Path, story: Story, point: Failpoint, count: int
) -> None:
    kill_and_start(story, point, count, tmp_path / "data")


def kill_and_start(story: Story, point: Failpoint, count: int, data_dir: Path) -> None:
    said = killed_at(point, count, data_dir, story.folder(data_dir), story.arguments)
    assert problems_of_next_process(data_dir, said, AFTER) == []


@pytest.mark.soak
@pytest.mark.parametrize("point", TAIL)
def test_a_kill_while_a_tail_is_restored_is_restored_again(tmp_path: Path, point: Failpoint) -> None:
    data_dir = tmp_path / "data"
    said = killed_at(F.AUDIT_OPENED, 5, data_dir, folders.new(data_dir))
    said = killed_at(point, 1, data_dir, said)
    assert problems_of_next_process(data_dir, said, AFTER) == []


@pytest.mark.soak
@pytest.mark.parametrize("point", CORRUPT)
def test_a_kill_while_corrupt_books_are_kept_leaves_them_as_they_are(
    tmp_path: Path, point: Failpoint
) -> None:
    data_dir = tmp_path / "data"
    killed_at(point, 1, data_dir, folders.damaged_books(data_dir))
    ran = ended(started(*PAPER[:3], "0.02", *PAPER[4:], "--data-dir", data_dir), PROCESS_S)
    assert ran.code == 1, ran.err
    kept = [path.read_bytes() for path in (data_dir / "evidence").glob("*-database/cerbero.db")]
    assert kept
    assert {(data_dir / "cerbero.db").read_bytes(), *kept} == {folders.GARBAGE}
    assert DiskKillFile(data_dir).read() is not None, "the switch is armed"
    venue = open_venue(data_dir, MARKET)
    assert venue.venue.account.orders == {}
    venue.store.close()


@pytest.mark.soak
def test_a_kill_when_the_ballast_was_released_leaves_the_books_whole(tmp_path: Path) -> None:
    """On a disk that becomes full while the engine trades."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "venue").mkdir()
    with small_disk(tmp_path / "disk", SMALL_DISK_BYTES) as disk:
        data_dir = disk / "data"
        said = folders.new(data_dir)
        (data_dir / "venue").symlink_to(tmp_path / "venue")
        filler = Thread(target=fill, args=(data_dir, disk / "filler"), daemon=True)
        filler.start()
        said = killed_at(F.BALLAST_RELEASED, 1, data_dir, said)
        (disk / "filler").unlink()
        assert problems_of_next_process(data_dir, said, AFTER) == []


@pytest.mark.soak
def test_a_kill_when_the_log_had_the_ballast_released_leaves_the_log_whole(tmp_path: Path) -> None:
    """Only the log's disk is full, so that its append is the first to fail."""
    data_dir = tmp_path / "data"
    said = folders.new(data_dir)
    (data_dir / "audit").mkdir()
    with small_disk(data_dir / "audit", HARDLY_ANY_BYTES) as log:
        said = killed_at(F.AUDIT_BALLAST_RELEASED, 1, data_dir, said)
        shutil.copytree(log, tmp_path / "log")
    (data_dir / "audit").rmdir()
    (tmp_path / "log").rename(data_dir / "audit")
    assert problems_of_next_process(data_dir, said, AFTER) == []


@pytest.mark.soak
def test_a_kill_when_a_bare_file_was_laid_leaves_the_switch_armed(tmp_path: Path) -> None:
    """The command's `KILL` on a disk that takes names, but no content."""
    data_dir = tmp_path / "data"
    said = folders.used(data_dir)
    note = tmp_path / "killed"
    arm = ("kill-switch", "arm", "--reason", "drill", "--data-dir", str(data_dir))
    program = (sys.executable, "-m", "tests.kills.killed", str(note), F.KILL_LAID_BARE, "1")
    no_content = ("bash", "-c", 'ulimit -f 0; exec "$@"', "bash")
    ran = subprocess.run([*no_content, *program, *arm], cwd=ROOT, capture_output=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    assert (data_dir / KILL_FILE_NAME).read_bytes() == b""
    said = replace(said, switch=frozenset({ARMED}), causes=frozenset({ArmCause.KILL_FILE}))
    assert problems_of_next_process(data_dir, said, AFTER) == []


@contextmanager
def small_disk(mount: Path, size_bytes: int) -> Iterator[Path]:
    """A file system in memory, mounted on a folder until the end of the block."""
    size = ("-o", f"size={size_bytes}")
    ran = subprocess.run(["mount", "-t", "tmpfs", *size, "tmpfs", str(mount)], capture_output=True)
    if ran.returncode:
        pytest.skip(f"no file system can be mounted here: {ran.stderr.decode().strip()}")
    try:
        yield mount
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def fill(data_dir: Path, filler: Path) -> None:
    """Once the engine has recorded its start, write until the disk is full; whatever is freed, too."""
    wait_for_audit(data_dir, b"ENGINE_START")
    with filler.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                return
