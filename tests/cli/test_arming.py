"""`kill-switch arm`: KILL first, whatever the engine does, and no more is said than is true."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from threading import enumerate as enumerate_threads

import pytest

from actors.control.wire import ControlAnswer, RequestName, answer_of
from actors.kill_switch import DiskKillFile
from cli.last_arming import armed_at_the_end
from core.errors import FoundWrongError, InputError
from core.kill_file import Arming, parse_kill_file
from core.messages.arm_cause import ArmCause
from core.messages.base import Refused
from core.messages.control import InjectAccepted, InjectDone
from core.messages.kill_switch import KillSwitchArmed
from core.permit_times import CERTAIN_AFTER_S
from reading.engine_lock import LOCK
from reading.switch.arming import ANSWERED_WITHIN_S, TO_END_S, RealPatience, arm, new_arming
from tests.cli.support import ROOT
from tests.fakes.held_folder import held_folder

NOW = datetime(2026, 1, 5, 14, tzinfo=UTC)
ACCEPTED = InjectAccepted(request_id="i", message="ArmKillSwitch", on_disk=False)


class Passing:
    """A person's time, which passes at once; `meanwhile` happens at each look, before it."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None, *, started_s: float = 0.0) -> None:
        """`started_s`: how long the process has run before the command begins."""
        self.now_s = 100.0
        self._began_s = 100.0 - started_s
        self._meanwhile = meanwhile

    def began_s(self) -> float:
        return self._began_s

    def monotonic(self) -> float:
        return self.now_s

    def wait(self, event: Event, timeout_s: float) -> bool:
        self._meanwhile()
        if event.is_set():
            return True
        self.now_s += timeout_s
        return False


def engine_is_asked() -> None:
    """Let the thread that asks the engine come to its end."""
    for thread in enumerate_threads():
        if thread.name == "arming":
            assert thread.daemon, "an engine that hangs must not keep the command from ending"
            thread.join(timeout=60.0)
            assert not thread.is_alive(), "the engine was to answer"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that an engine has used."""
    (tmp_path / LOCK).touch()
    return tmp_path


def kill(folder: Path) -> Path:
    return folder / "KILL"


def told(folder: Path, patience: Passing | None = None) -> tuple[str, list[str]]:
    """What the command says at its end, and what it said meanwhile."""
    said: list[str] = []
    sentences = arm(folder, "stop", said.append, patience or Passing())
    return " ".join(sentences), said


def by_engine(*, exits_blocked: bool = False, not_on_disk: str | None = None) -> list[ControlAnswer]:
    armed = KillSwitchArmed(
        cause=ArmCause.OPERATOR,
        reason="stop",
        who="ada",
        at=NOW,
        exits_blocked=exits_blocked,
        not_on_disk=not_on_disk,
    )
    return outcome("KillSwitchArmed", armed.model_dump_json())


def outcome(answer: str, body: str) -> list[ControlAnswer]:
    done = InjectDone(request_id="i", message="ArmKillSwitch", answer=answer, body=body)
    return [answer_of(ACCEPTED, more=True), answer_of(done)]


def test_without_an_engine_it_is_certain_when_no_order_of_one_before_can_be_on_its_way(folder: Path) -> None:
    """The one before may have been killed with an order in the venue's socket."""
    patience = Passing(engine_is_asked)
    text, said = told(folder, patience)
    assert patience.now_s - 100.0 == CERTAIN_AFTER_S
    assert [line.split(" in ")[1].split(" s ")[0] for line in said] == ["4", "3", "2", "1"]
    [arming] = parse_kill_file(kill(folder).read_bytes()).armings
    assert (arming.causes, arming.reason) == ((ArmCause.OPERATOR,), "stop")
    assert text == (
        "armed: no entry leaves any more; reduce-only exits may only if kill_switch.exits allows them "
        "no running engine was found on this folder; KILL is on disk, and no order of one that ran can be on "
        "its way"
    )


@pytest.mark.parametrize("started_s", [0.8, 1.4, 4.0, 7.0])
def test_answer_is_due_6_s_after_the_command_was_given_and_says_what_is_certain_then(
    folder: Path, started_s: float
) -> None:
    patience = Passing(engine_is_asked, started_s=started_s)
    left_s = CERTAIN_AFTER_S + started_s - ANSWERED_WITHIN_S + TO_END_S
    with pytest.raises(FoundWrongError) as told_at_the_end:
        told(folder, patience)
    assert patience.now_s <= max(100.0, 100.0 - started_s + ANSWERED_WITHIN_S)
    text = str(told_at_the_end.value)
    assert "KILL is on disk and arms" in text
    assert f"took {started_s:.1f} s to lay it" in text
    assert f"may still have an effect for {min(left_s, CERTAIN_AFTER_S):.1f} s" in text
    assert kill(folder).exists()


def test_confirmation_of_the_engine_needs_no_further_time(folder: Path) -> None:
    with held_folder(folder, by_engine()):
        text, _ = told(folder, Passing(engine_is_asked, started_s=2.0))
    assert "armed: no entry leaves any more" in text


def test_kill_is_laid_before_anything_is_imported_that_takes_long() -> None:
    """A busy machine takes a second for all of it, of which the answer within 6 s has no second to spare."""
    code = (
        "import sys, cli.main, cli.commands.kill_switch, reading.switch.arming;"
        "print(*(name for name in sys.modules if name.split('.')[0] in sys.argv[1:] or name in sys.argv[1:]))"
    )
    slow = ["sqlite3", "httpx", "yaml", "pykka", "rich", "core.contract", "core.messages.protocols"]
    ran = subprocess.run(
        [sys.executable, "-c", code, *slow], cwd=ROOT, capture_output=True, check=True, encoding="utf-8"
    )
    assert ran.stdout.split() == []


def test_kill_is_on_disk_before_anybody_is_asked(folder: Path) -> None:
    seen: list[bool] = []
    told(folder, Passing(lambda: seen.append(kill(folder).exists())))
    assert seen[0]


@pytest.mark.parametrize("exits_blocked", [False, True])
def test_engine_that_confirms_ends_the_wait_and_says_what_leaves(folder: Path, exits_blocked: bool) -> None:
    with held_folder(folder, by_engine(exits_blocked=exits_blocked)):
        text, said = told(folder, Passing(engine_is_asked))
    assert text == (
        "armed: no order leaves any more, exits included"
        if exits_blocked
        else "armed: no entry leaves any more; reduce-only exits still may"
    )
    assert said == []
    assert kill(folder).exists()


def test_engine_is_asked_to_arm_with_the_reason_and_for_longer_than_it_can_take(folder: Path) -> None:
    """A permit may be out as long as this command waits; the engine's answer comes a little later."""
    with held_folder(folder, by_engine()) as asked:
        told(folder, Passing(engine_is_asked))
    (request,) = asked
    assert (request.request, request.message) == (RequestName.INJECT, "ArmKillSwitch")
    assert (request.body, request.wait_s) == ({"reason": "stop"}, CERTAIN_AFTER_S + 1.0)


def test_persons_time_is_the_machines() -> None:
    patience, happened = RealPatience(3.0), Event()
    assert patience.began_s() == 3.0
    assert patience.wait(happened, 0.0) is False
    happened.set()
    assert patience.wait(happened, 60.0) is True
    assert patience.monotonic() <= patience.monotonic()


REFUSED = Refused(request_id="i", reasons=("AskTimeout",))


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([ControlAnswer(ok=False, error="control: 8 connections are in use")], "8 connections"),
        (outcome("Refused", REFUSED.model_dump_json()), "AskTimeout"),
        ([answer_of(ACCEPTED, more=True), answer_of(ACCEPTED)], "accepted the request and not answered"),
        ([], "engine: the connection ended without an answer"),
    ],
    ids=["crowded", "switch silent", "late", "ended"],
)
def test_engine_that_does_not_confirm_is_waited_out(
    folder: Path, answers: list[ControlAnswer], why: str
) -> None:
    with held_folder(folder, answers):
        patience = Passing(engine_is_asked)
        text, _ = told(folder, patience)
    assert patience.now_s - 100.0 == CERTAIN_AFTER_S
    assert f"the engine has not confirmed it ({why}" in text.replace("control: ", "").replace("it has ", "")
    assert kill(folder).exists()


def test_engine_that_is_frozen_keeps_nobody_waiting(folder: Path) -> None:
    with held_folder(folder, None):
        patience = Passing()
        text, _ = told(folder, patience)
    assert patience.now_s - 100.0 == CERTAIN_AFTER_S
    assert text.endswith(
        "the engine has not confirmed it (it has not answered); KILL is on disk, it looks there before every "
        "order, and no earlier order can be on its way any more"
    )
    assert kill(folder).exists()


def test_error_without_words_is_named_by_its_type(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(data_dir: Path) -> None:
        raise RecursionError

    monkeypatch.setattr("reading.switch.arming.running_engine", failing)
    text, _ = told(folder, Passing(engine_is_asked))
    assert "the engine has not confirmed it (RecursionError); KILL is on disk" in text


def test_full_disk_still_takes_an_empty_kill_and_the_answer_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", refused)
    text, _ = told(folder)
    assert "KILL arms without reason and name, which found no place (No space left on device)" in text
    assert kill(folder).read_bytes() == b""


@pytest.fixture
def unwritable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Not even an empty KILL can be laid by this command."""

    def refused(self: DiskKillFile, arming: Arming) -> OSError | None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(DiskKillFile, "add", refused)
    return folder


def test_interrupted_wait_says_that_nothing_is_on_disk(unwritable: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(
        FoundWrongError, match="interrupted: KILL is not on disk: Permission denied; an order"
    ):
        told(unwritable, Passing(interrupt))


@pytest.mark.parametrize("bare", [False, True])
def test_disk_that_gives_no_words_is_quoted_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch, bare: bool
) -> None:
    def refused(self: DiskKillFile, arming: Arming) -> OSError | None:
        if bare:
            self._path.touch()
            return OSError("no words")
        raise OSError("no words")

    monkeypatch.setattr(DiskKillFile, "add", refused)
    if bare:
        text, _ = told(folder)
        assert "which found no place (no words)" in text
    else:
        with pytest.raises(FoundWrongError, match=r"can't be laid \(no words\)"):
            told(folder)


def test_arming_that_is_nowhere_is_no_success(unwritable: Path) -> None:
    with pytest.raises(FoundWrongError, match=r"not armed: .*KILL can't be laid \(Permission denied\)"):
        told(unwritable)


def test_arming_in_memory_only_is_no_success(unwritable: Path) -> None:
    answers = by_engine(not_on_disk="No space left on device")
    with (
        held_folder(unwritable, answers),
        pytest.raises(
            FoundWrongError, match=r"memory only: .*No space left on device.* run the command again"
        ),
    ):
        told(unwritable, Passing(engine_is_asked))


def test_kill_that_the_engine_has_laid_is_a_success(unwritable: Path) -> None:
    def engine_lays() -> None:
        kill(unwritable).touch()
        engine_is_asked()

    with held_folder(unwritable, by_engine()):
        text, _ = told(unwritable, Passing(engine_lays))
    assert text.startswith("armed: ")


def test_engine_that_says_it_is_laid_where_nothing_is_is_not_believed(unwritable: Path) -> None:
    with (
        held_folder(unwritable, by_engine()),
        pytest.raises(FoundWrongError, match="can't be laid again: Permission denied"),
    ):
        told(unwritable, Passing(engine_is_asked))


@pytest.mark.parametrize("other", [None, b"", b"stop"])
def test_kill_that_is_taken_away_meanwhile_is_laid_again_and_said(folder: Path, other: bytes | None) -> None:
    """By a disarming or by hand; another KILL in its place does not say what this one said."""

    def taken() -> None:
        kill(folder).unlink()
        if other is not None:
            kill(folder).write_bytes(other)
        patience._meanwhile = lambda: None

    patience = Passing(taken)
    with pytest.raises(FoundWrongError, match=r"taken away .*; it is there again"):
        told(folder, patience)
    assert len(parse_kill_file(kill(folder).read_bytes()).armings) == 1


def test_kill_is_added_to_and_never_narrowed(folder: Path) -> None:
    file = DiskKillFile(folder)
    before = new_arming("books", "engine").model_copy(update={"causes": (ArmCause.AUDIT,)})
    file.add(before)
    text, _ = told(folder)
    found = file.read()
    assert found is not None
    assert found.armings[0] == before
    assert found.causes == {ArmCause.AUDIT, ArmCause.OPERATOR}
    assert "no order leaves any more, exits included" in text


def test_interrupted_wait_says_what_is_on_disk(folder: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(FoundWrongError, match=r"interrupted: KILL is on disk; an order .* may still"):
        told(folder, Passing(interrupt))


def test_folder_that_no_engine_has_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected an engine's folder .*; nothing was armed"):
        told(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_lock_that_can_not_be_read_is_no_reason_not_to_arm(tmp_path: Path) -> None:
    (tmp_path / LOCK).mkdir()
    text, _ = told(tmp_path, Passing(engine_is_asked))
    assert "lock can't be read" in text
    assert kill(tmp_path).exists()


def test_engine_that_gave_up_leaves_an_armed_folder_also_if_its_switch_was_what_failed(
    tmp_path: Path,
) -> None:
    assert armed_at_the_end(tmp_path, "gave up", NOW) == "the switch is armed"
    [arming] = parse_kill_file(kill(tmp_path).read_bytes()).armings
    assert (arming.causes, arming.reason) == ((ArmCause.SUPERVISION,), "gave up")
    assert (arming.who, arming.at, len(arming.arming_id)) == ("root", NOW, 32)
    assert armed_at_the_end(tmp_path, "again", NOW) == "the switch is armed"
    assert len(parse_kill_file(kill(tmp_path).read_bytes()).armings) == 1
    problem = armed_at_the_end(tmp_path / "none", "gave up", NOW)
    assert (
        problem == f"KILL could not be laid in {tmp_path / 'none'} (No such file or directory): arm by hand"
    )


def test_reason_is_cut_where_it_is_too_long_to_be_one(folder: Path) -> None:
    arm(folder, "x" * 100_000, lambda _: None, Passing())
    assert kill(folder).stat().st_size < 2000
    assert new_arming("x" * 1000, "ada").reason == "x" * 1000
    assert new_arming("x" * 1001, "ada").reason == "x" * 1000 + "… (cut)"


def test_every_arming_by_hand_has_an_id_of_its_own() -> None:
    ids = {new_arming("stop", "ada").arming_id for _ in range(3)}
    assert [len(arming_id) for arming_id in ids] == [32] * 3
