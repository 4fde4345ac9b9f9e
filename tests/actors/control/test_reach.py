"""What the operator hears when commands may not reach the engine, or reach it in another folder."""

from __future__ import annotations

import pytest

from core.alerts import AlertCode, Severity
from core.messages.alerting import RaiseAlert
from core.messages.control import LockLookedAt, SocketDeaf, SocketLost
from tests.actors.control.test_actor import Desk


class Told:
    """What a desk raises, a piece at a time."""

    def __init__(self) -> None:
        self.desk = Desk()
        self._seen = 0

    def more(self, *found: SocketDeaf | LockLookedAt) -> list[tuple[AlertCode, Severity, str]]:
        """The alerts that these messages raise."""
        for message in found:
            self.desk.actor.on_receive(message)
        raised = self.desk.told("alerting", RaiseAlert)[self._seen :]
        self._seen += len(raised)
        return [(each.code, each.severity, each.text) for each in raised if isinstance(each, RaiseAlert)]


@pytest.mark.raises_alert(AlertCode.CONTROL_SOCKET_LOST)
def test_a_control_socket_that_was_taken_away_is_told_to_the_operator_and_not_every_minute() -> None:
    desk = Desk()

    def texts() -> list[str]:
        return [alert.text for alert in desk.told("alerting", RaiseAlert) if isinstance(alert, RaiseAlert)]

    for _ in range(3):
        desk.actor.on_receive(SocketLost(path="/run/x.sock", error="Read-only file system"))
    [text] = texts()
    assert "can't be bound again (Read-only file system)" in text
    desk.actor.on_receive(SocketLost(path="/run/x.sock", error=None))
    assert texts()[1:] == ["the control socket /run/x.sock had been taken away and is bound again"]


@pytest.mark.raises_alert(AlertCode.CONTROL_SOCKET_DEAF)
def test_a_socket_that_takes_no_connections_is_told_once_and_its_end_once() -> None:
    told = Told()
    [(code, severity, text)] = told.more(*[SocketDeaf(error="[Errno 24] Too many open files")] * 3)
    assert (code, severity) == (AlertCode.CONTROL_SOCKET_DEAF, Severity.HIGH)
    assert "Too many open files" in text
    assert "a KILL file in its data folder arms it" in text
    [(code, _, text)] = told.more(*[SocketDeaf(error=None)] * 2)
    assert (code, "taken again" in text) == (AlertCode.CONTROL_SOCKET_DEAF, True)


@pytest.mark.raises_alert(AlertCode.LOCK_LOST)
def test_each_loss_of_the_lock_is_told_and_one_that_lasts_not_every_minute() -> None:
    told = Told()
    laid = LockLookedAt(lock="another file is in its place", error=None, folder=None)
    text = "the data folder's lock: another file is in its place; it is laid again"
    assert told.more(laid, laid) == [(AlertCode.LOCK_LOST, Severity.HIGH, text)] * 2
    lasts = LockLookedAt(lock="it is not there", error="No space left on device", folder=None)
    [(code, _, text)] = told.more(lasts, lasts, lasts)
    assert (code, "can't be laid again (No space left on device)" in text) == (AlertCode.LOCK_LOST, True)
    again = told.more(LockLookedAt(lock=None, error=None, folder=None), lasts)
    assert [code for code, *_ in again] == [AlertCode.LOCK_LOST], "it has happened again"


@pytest.mark.raises_alert(AlertCode.DATA_FOLDER_MOVED)
def test_a_data_folder_that_was_moved_is_told_once_and_its_return_once() -> None:
    told = Told()
    moved = LockLookedAt(lock=None, error=None, folder="/data is another folder")
    [(code, severity, text)] = told.more(moved, moved, moved)
    assert (code, severity) == (AlertCode.DATA_FOLDER_MOVED, Severity.CRITICAL)
    assert text.startswith("/data is another folder: ")
    [(code, _, text)] = told.more(*[LockLookedAt(lock=None, error=None, folder=None)] * 2)
    assert (code, "back in its place" in text) == (AlertCode.DATA_FOLDER_MOVED, True)
