"""What the operator hears when the control socket is taken away."""

from __future__ import annotations

import pytest

from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert
from core.messages.control import SocketLost
from tests.actors.control.test_actor import Desk


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
