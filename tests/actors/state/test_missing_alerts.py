"""Alerts that somebody has deleted: those below HIGH are not in the log, but every alert has a number."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.messages.alerting import Severity
from core.messages.arm_cause import ArmCause
from core.messages.kill_switch import ArmKillSwitch
from core.messages.room_status import (
    AlertRow,
)
from core.messages.state import RecordAlert
from reading.proof import books_proved
from tests.actors.state.books_room import START, BooksRoom


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    room = BooksRoom(tmp_path / "data").start()
    for number in range(1, 7):
        severity = Severity.HIGH if number == 4 else Severity.LOW
        alert = AlertRow(
            alert_id=f"a{number}", severity=severity, code="code", text="text", cause="cause", at=START
        )
        room.tell(RecordAlert(request_id=f"r{number}", alert=alert, channels=()))
    room.stop()
    assert books_proved(tmp_path / "data").lines() == ()
    return tmp_path / "data"


def delete(data_dir: Path, *numbers: int) -> None:
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        db.executemany("DELETE FROM alerts WHERE number = ?", [(number,) for number in numbers])
        db.commit()


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((2,), "alerts: expected every number up to 6, found that number 2 is missing"),
        ((5, 6), "alerts: expected every number up to 6, found that numbers 5 to 6 are missing"),
        ((1, 2, 3), "alerts: expected every number up to 6, found that numbers 1 to 3 are missing"),
    ],
)
def test_deleted_alerts_are_named_by_the_proof_and_at_the_next_start(
    data_dir: Path, numbers: tuple[int, ...], said: str
) -> None:
    delete(data_dir, *numbers)
    assert books_proved(data_dir).lines() == (said,)
    room = BooksRoom(data_dir).start()
    told = room.state_ctx.told_to("kill_switch") + room.audit_ctx.told_to("kill_switch")
    arms = [made for made in told if isinstance(made, ArmKillSwitch)]
    assert [(made.cause, said in made.reason) for made in arms] == [(ArmCause.DATABASE, True)]
    room.stop()


def test_rebuilt_books_have_no_gap(data_dir: Path, tmp_path: Path) -> None:
    from cli.rebuilding import rebuilt_from_audit

    rebuilt = tmp_path / "rebuilt"
    rebuilt_from_audit(data_dir / "audit", rebuilt)
    shutil.copytree(data_dir / "audit", rebuilt / "audit")
    assert books_proved(rebuilt).lines() == ()
