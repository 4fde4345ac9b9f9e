"""Entries of the runbook from the fault to the healthy engine, typed as the page has them.

One engine and one venue for all: each drill leaves them as it found them, which is what it shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from actors.control.wire import RequestName
from core.errors import CerberoError
from core.kill_file import KILL_FILE_NAME, parse_kill_file
from core.messages.arm_cause import ArmCause
from core.messages.engine_status import EngineStatus
from core.status.finding import Urgency, Verdict
from core.status.verdict import verdict
from reading.books import entry_latches
from reading.control_client import ask_engine, request_of
from tests.runbook.desk import Desk, desk, on_record, until
from tests.runbook.page import Step, rows, section, steps

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("drill")) as found:
        yield found


@pytest.fixture
def at(running: Desk) -> Iterator[Desk]:
    """The desk, before and after which the engine is healthy."""
    until_healthy(running)
    yield running
    until_healthy(running)


def seen(at: Desk) -> Verdict | None:
    """The verdict as `run.py status` gives it; None while nobody answers."""
    try:
        return verdict(ask_engine(at.data, request_of(RequestName.STATUS), EngineStatus))
    except CerberoError:
        return None


def until_healthy(at: Desk) -> None:
    def healthy() -> bool:
        found = seen(at)
        return found is not None and found.level is Urgency.OK

    until("a verdict that says OK", healthy)


def causes(at: Desk) -> set[ArmCause]:
    """What the KILL file says; empty without one."""
    path = at.data / KILL_FILE_NAME
    armings = parse_kill_file(path.read_bytes()).armings if path.exists() else ()
    return {cause for arming in armings for cause in arming.causes}


def before_disarming() -> Step:
    """What "The switch is armed" tells for every cause, before its table."""
    told, table, _ = section("The switch is armed").text.partition("\n|")
    assert table
    return Step(told)


def disarmed(at: Desk, command: str) -> None:
    """Type it until the engine has finished its start; then the switch is clear."""
    until("an engine that takes the disarming", lambda: at.type(command).code == 0)
    assert not (at.data / KILL_FILE_NAME).exists()


def test_damaged_books_are_rebuilt_from_the_log(at: Desk) -> None:
    stop, check, rebuild, start = steps("The books are damaged")
    at.type('run.py pause --reason "…"')
    at.type("run.py stop")
    path = at.data / "cerbero.db"
    path.write_bytes(path.read_bytes()[:4096] + b"\xa5" * (path.stat().st_size - 4096))
    at.type("run.py start")
    until("the arming", lambda: causes(at) == {ArmCause.DATABASE})
    said = at.type("run.py status").out
    assert said.startswith("ACT ")
    assert "The books are damaged" in said

    at.follow(stop)
    kept = at.folder / "kept"
    kept.mkdir()
    moved = [name for name in stop.spans if name.startswith("cerbero.db")]
    assert moved == ["cerbero.db", "cerbero.db-wal"]
    for name in moved:
        if (at.data / name).exists():
            (at.data / name).rename(kept / name)
    at.follow(check)
    _, proved = at.follow(rebuild)
    assert "the books are what" in proved.out
    starting, disarm = start.commands
    at.type(starting)
    disarmed(at, disarm)
    assert [latch.reason for latch in entry_latches(at.data)] == ["a drill"], "the books have lost the pause"
    assert at.type('run.py resume --reason "…" --yes').code == 0


def test_a_backup_is_restored(at: Desk) -> None:
    plan, restore, start, *_ = steps("Restoring a backup")
    backup = next(name for name in section("Closing by hand").commands if "BackupNow" in name)
    assert at.type(backup).code == 0
    utc = at.backups[-1].name
    assert at.type('run.py pause --reason "…"').code == 0
    [told] = at.follow(plan, UTC=utc)
    assert "PauseEntries" in told.out.partition("commands that the books will not know")[2]
    at.follow(restore, UTC=utc)
    starting, verify = start.commands
    at.type(starting)
    # What is lost is the command; that entries are paused stays so.
    resume = section("Pausing and resuming").commands[2]
    until("the verdict", lambda: (found := seen(at)) is not None and found.level is Urgency.LOOK)
    assert at.type(f"{resume} --yes").code == 0
    until_healthy(at)
    assert "the books are what" in at.type(verify).out
    assert b'"RESTORED"' in on_record(at.data)


@pytest.mark.parametrize(
    "way", ['run.py kill-switch arm --reason "…"', "touch data/KILL"], ids=["by a command", "by a file"]
)
def test_a_switch_that_a_person_armed_is_disarmed(at: Desk, way: str) -> None:
    assert way in section("Arming by hand").spans
    if way.startswith("run.py "):
        assert at.type(way).code == 0
    else:
        (at.folder / way.removeprefix("touch ")).touch()
    until("an engine that knows", lambda: (found := seen(at)) is not None and found.level is Urgency.LOOK)
    why, alerts, orders, disarm = before_disarming().commands
    assert "armed      " in at.type(why).out
    for command in (alerts, orders, disarm):
        assert at.type(command).code == 0
    assert not (at.data / KILL_FILE_NAME).exists()


def test_a_host_that_refuses_is_named_and_found_again(at: Desk) -> None:
    says = rows("The upstream host can't be reached")
    at.end_venue()
    ping = section("The upstream host can't be reached").commands[0]
    refused = at.type(ping)
    at.start_venue()
    assert refused.code == 1
    phrases = [phrase.strip() for row in says for phrase in row.split(";")]
    found = [phrase for phrase in phrases if re.sub(r"\W*…\W*", "", phrase) in refused.out + refused.err]
    assert found == ["refused the connection"]
    assert at.type(ping).code == 0


def test_a_healthy_engine_says_so_in_its_first_word(at: Desk) -> None:
    for command in ("run.py status", "run.py healthcheck"):
        assert command in section("Every day").commands
    assert at.type("run.py status").out.startswith("OK ")
    assert at.type("run.py healthcheck").code == 0


def test_entries_are_paused_and_resumed(at: Desk) -> None:
    pause, _, resume, *_ = section("Pausing and resuming").commands
    assert at.type(pause).code == 0
    until("the verdict", lambda: (found := seen(at)) is not None and found.level is Urgency.LOOK)
    assert resume in at.type("run.py status").out
    assert at.type(f"{resume} --yes").code == 0
