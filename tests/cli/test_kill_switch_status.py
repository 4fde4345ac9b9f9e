"""`kill-switch status` gives one answer: the engine's if one runs, else what file and books say together."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.control.wire import ControlAnswer, RequestName, answer_of
from actors.state.database import open_database
from actors.state.tables import latches
from actors.state.tables.latches import LatchRow
from actors.state.tables.records import write_kill_switch
from core.errors import FoundWrongError
from core.kill_file import Arming
from core.messages.arm_cause import ArmCause
from core.messages.state import RecordKillSwitch
from core.orders.books import EntryLatch, LatchSource
from reading.switch.stored import stored_status, switch_now
from tests.cli.support import Cli
from tests.cli.test_shown import status as engine_status
from tests.fakes.clear_switch import CLEAR
from tests.fakes.held_folder import held_folder

NOW = datetime(2026, 1, 5, 14, tzinfo=UTC)


def lay(folder: Path, *causes: ArmCause, name: str = "KILL", arming_id: str = "a") -> None:
    arming = Arming(arming_id=arming_id, causes=causes, reason="file", who="ada", at=NOW)
    (folder / name).write_bytes(arming.to_bytes())


def record(folder: Path, *causes: ArmCause, disarms: tuple[str, ...] = ()) -> None:
    row = RecordKillSwitch(
        request_id="r", armed=bool(causes), causes=causes, reason="row", who="bob", at=NOW, disarms=disarms
    )
    with closing(open_database(folder)) as db:
        write_kill_switch(db, row)
        db.commit()


def test_causes_of_file_and_books_count_together(tmp_path: Path) -> None:
    lay(tmp_path, ArmCause.OPERATOR)
    record(tmp_path, ArmCause.AUDIT)
    found = stored_status(tmp_path)
    assert found.causes == (ArmCause.AUDIT, ArmCause.OPERATOR)
    assert (found.reason, found.who, found.at, found.file) == ("file", "ada", NOW, True)
    assert found.exits_blocked is True


def test_books_alone_arm(tmp_path: Path) -> None:
    record(tmp_path, ArmCause.OPERATOR)
    found = stored_status(tmp_path)
    assert (found.armed, found.reason, found.who, found.file) == (True, "row", "bob", False)
    assert (found.causes, found.at) == ((ArmCause.OPERATOR,), NOW)


def test_file_that_says_nothing_arms(tmp_path: Path) -> None:
    (tmp_path / "KILL").touch()
    found = stored_status(tmp_path)
    assert (found.armed, found.causes, found.file) == (True, (ArmCause.KILL_FILE,), True)
    assert found.reason == "KILL says nothing that can be read; the file alone arms"
    record(tmp_path, ArmCause.AUDIT)
    found = stored_status(tmp_path)
    assert (found.causes, found.file) == ((ArmCause.AUDIT, ArmCause.KILL_FILE), True)
    assert (found.reason, found.who, found.at) == ("row", "bob", NOW)


def test_neither_is_clear(tmp_path: Path) -> None:
    record(tmp_path)
    found = stored_status(tmp_path)
    assert (found.armed, found.exits_blocked) == (False, False)


@pytest.mark.parametrize(("disarms", "armed"), [(("a",), False), (("b",), True), ((), True)])
def test_disarming_that_was_cut_short_is_as_the_next_start_will_find_it(
    tmp_path: Path, disarms: tuple[str, ...], armed: bool
) -> None:
    lay(tmp_path, ArmCause.OPERATOR, name="KILL.disarming")
    record(tmp_path, disarms=disarms)
    assert stored_status(tmp_path).armed is armed


def test_books_that_can_not_be_read_do_not_hide_the_file(tmp_path: Path) -> None:
    (tmp_path / "cerbero.db").write_bytes(b"no database" * 100)
    with pytest.raises(FoundWrongError):
        stored_status(tmp_path)
    lay(tmp_path, ArmCause.OPERATOR)
    assert stored_status(tmp_path).armed


def test_without_an_engine_the_setting_is_not_guessed(cli: Cli, tmp_path: Path) -> None:
    lay(tmp_path, ArmCause.OPERATOR)
    shown = cli("kill-switch", "status", "--data-dir", tmp_path)
    assert "of a running engine kill_switch.exits decides; without one nothing leaves" in shown.out
    told = json.loads(cli("kill-switch", "status", "--json", "--data-dir", tmp_path).out)
    assert told["exits_blocked"] is None
    lay(tmp_path, ArmCause.RECOVERY)
    assert "blocked" in cli("kill-switch", "status", "--data-dir", tmp_path).out


def test_engine_that_does_not_answer_is_named_beside_what_the_folder_says(tmp_path: Path) -> None:
    lay(tmp_path, ArmCause.OPERATOR)
    with held_folder(tmp_path, [ControlAnswer(ok=False, error="control: 8 connections are in use")]):
        found = switch_now(tmp_path)
    assert found.engine_problem == "control: 8 connections are in use"
    assert (found.armed, found.exits_blocked) == (True, None)


ARMED = CLEAR.model_copy(
    update={"armed": True, "causes": (ArmCause.PROBES,), "reason": "gone", "who": "health", "since": NOW}
)


@pytest.mark.parametrize("laid", [False, True])
def test_answer_of_the_engine_is_the_one_that_counts(tmp_path: Path, laid: bool) -> None:
    """Whatever the folder says; only whether KILL is there is looked up."""
    if laid:
        lay(tmp_path, ArmCause.AUDIT)
    with held_folder(tmp_path, [answer_of(engine_status(kill_switch=ARMED))]) as asked:
        found = switch_now(tmp_path)
    assert [request.request for request in asked] == [RequestName.STATUS]
    assert (found.armed, found.causes) == (True, (ArmCause.PROBES,))
    assert (found.reason, found.who, found.at) == ("gone", "health", NOW)
    assert (found.exits_blocked, found.file, found.engine_problem) == (False, laid, None)


def test_engine_that_is_clear_leaves_no_word_of_why(tmp_path: Path) -> None:
    with held_folder(tmp_path, [answer_of(engine_status(kill_switch=CLEAR))]):
        found = switch_now(tmp_path)
    assert (found.armed, found.reason, found.who, found.at) == (False, "", "", None)


def test_engine_whose_switch_is_silent_is_named_beside_what_the_folder_says(tmp_path: Path) -> None:
    lay(tmp_path, ArmCause.OPERATOR)
    silent = engine_status(kill_switch=None, unavailable={"kill_switch": "AskTimeout"})
    with held_folder(tmp_path, [answer_of(silent)]):
        found = switch_now(tmp_path)
    assert (found.engine_problem, found.causes) == ("AskTimeout", (ArmCause.OPERATOR,))


@pytest.mark.parametrize(("blocked", "said"), [(True, "blocked"), (False, "reduce-only exits allowed")])
def test_page_says_which_orders_leave(cli: Cli, tmp_path: Path, blocked: bool, said: str) -> None:
    armed = ARMED.model_copy(update={"exits_blocked": blocked})
    with held_folder(tmp_path, [answer_of(engine_status(kill_switch=armed))]):
        lines = cli("kill-switch", "status", "--data-dir", tmp_path).out.splitlines()
    shown = {line.split(":")[0].strip() if ":" in line else line.split("  ")[0]: line for line in lines}
    assert shown["exits"].endswith(f" {said}")
    assert shown["armed"].endswith(" probes")
    assert shown["by"].endswith(" health")


@pytest.mark.parametrize("armed", [False, True])
def test_what_blocks_entries_until_a_person_resumes_them_is_shown_armed_or_not(
    tmp_path: Path, cli: Cli, armed: bool
) -> None:
    latch = EntryLatch(source=LatchSource.OPERATOR, latched=True, reason="a look", who="ann", at=NOW)
    with closing(open_database(tmp_path)) as db:
        latches.write(db, LatchRow(latch, 1))
    if armed:
        lay(tmp_path, ArmCause.OPERATOR)
    shown = " ".join(cli("kill-switch", "status", "--data-dir", tmp_path).out.split())
    assert "operator a look (since" in shown
    assert f'by ann; run.py resume --data-dir {tmp_path} --reason "…" lets entries go on)' in shown
    told = json.loads(cli("kill-switch", "status", "--json", "--data-dir", tmp_path).out)
    assert [each["source"] for each in told["latches"]] == ["operator"]


def test_a_running_engine_is_asked_although_its_books_can_not_be_read(tmp_path: Path) -> None:
    """At night somebody sees damaged books: whether it is armed is what they need to know."""
    (tmp_path / "cerbero.db").write_bytes(b"no database" * 1000)
    with held_folder(tmp_path, [answer_of(engine_status())]):
        assert switch_now(tmp_path).engine_problem is None
