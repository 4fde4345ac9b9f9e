"""Who may be connected to the control socket at a time, and for how long."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest

from actors.control import server as server_module
from core.messages.control import AwaitInject, InjectAccepted, InjectDone, InjectMessage, PingEngine
from tests.actors.control.test_server import ALIVE, Client, Served


def test_those_who_wait_for_the_end_of_a_message_keep_nobody_out(tmp_path: Path) -> None:
    """Perhaps for hours, and perhaps they are gone already: a stop or an arming must get through."""
    served = Served(tmp_path)
    over = Event()
    done = InjectDone(request_id="i", message="M", answer="A", body="{}")
    served.control.answers[InjectMessage] = InjectAccepted(request_id="i", message="M", on_disk=True)

    def at_the_end(_query: AwaitInject) -> InjectDone:
        over.wait(30.0)
        return done

    served.control.answers[AwaitInject] = at_the_end
    served.control.answers[PingEngine] = ALIVE
    waiting = []
    pause = Event()
    for number in range(server_module.WAITING_MAX + 1):
        waiting.append(Client(served.path))
        assert waiting[-1].ask(request="inject", message="M", body={}, wait_s=600.0)["ok"] is True
        # The next must not come before this one has begun to wait: who is one too many depends on it.
        begun = min(number + 1, server_module.WAITING_MAX)
        while sum(isinstance(message, AwaitInject) for message in served.control.received) < begun:
            pause.wait(0.01)
    assert waiting[-1].read()["more"] is False, "one too many is not kept waiting"
    last = Client(served.path)
    assert last.ask(request="ping")["ok"] is True
    over.set()
    assert waiting[0].read()["answer"] == "InjectDone"
    assert waiting[0].read() == {"closed": True}
    for client in (*waiting, last):
        client.close()
    served.server.close()


def test_a_request_that_comes_byte_by_byte_has_one_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte must not begin the time anew: eight such clients would keep everybody out for good."""
    monkeypatch.setattr(server_module, "FIRST_LINE_S", 0.2)
    served = Served(tmp_path)
    dripping = Client(served.path)
    pause = Event()
    sent = 0
    with suppress(OSError):
        while sent < 200:
            dripping.send(b" ")
            sent += 1
            pause.wait(0.02)
    assert sent < 200, "cut off long before"
    dripping.close()
    served.server.close()


def test_a_client_that_says_nothing_is_cut_off_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "FIRST_LINE_S", 0.05)
    served = Served(tmp_path)
    silent = Client(served.path)
    assert silent.read() == {"closed": True}
    silent.close()
    served.server.close()
