"""A control server that can't take a connection tries again, says so, and looks after its folder's lock."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from actors.control import server as server_module
from actors.control.folder_lock import LockLoss
from actors.control.listener import Listener
from actors.control.server import ControlServer
from actors.runtime.testing import FakeAddress
from core.messages.control import LockLookedAt, PingEngine, SocketDeaf
from tests.actors.control.test_server import ALIVE, NO_SECRETS, Client, Served, told
from tests.fakes.engine import FakeEngine

SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EPERM)
BROKEN = (errno.EBADF, errno.EINVAL, errno.ENOTSOCK)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(server_module, "RETRY_S", 0.01)
    served = Served(tmp_path)
    served.control.answers[PingEngine] = ALIVE
    yield served
    served.server.close()


def answers(served: Served) -> bool:
    client = Client(served.path)
    try:
        return client.ask(request="ping").get("ok") is True
    finally:
        client.close()


def deaf(served: Served, count: int = 0) -> list[SocketDeaf]:
    """What control has been told of it, once it is so many messages."""
    pause = Event()
    while len(found := [each for each in served.control.received if isinstance(each, SocketDeaf)]) < count:
        pause.wait(0.01)
    return found


@pytest.mark.parametrize("number", [*SHORT, *BROKEN])
def test_whatever_accept_fails_with_the_next_connection_is_served_and_both_are_told(
    served: Served, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fails, begun, inside = iter([number] * 3), Event(), Event()
    accept = Listener.accept

    def failing(listener: Listener, within_s: float) -> socket.socket:
        if begun.is_set() and (failure := next(fails, None)) is not None:
            raise OSError(failure, os.strerror(failure))
        inside.set()
        try:
            return accept(listener, within_s)
        finally:
            inside.clear()

    monkeypatch.setattr(Listener, "accept", failing)
    assert answers(served), "the thread may have been in the accept of before"
    assert inside.wait(20.0)
    begun.set()
    assert answers(served), "it was in accept already"
    assert deaf(served, 1)[:1] == [SocketDeaf(error=f"[Errno {number}] {os.strerror(number)}")]
    pause = Event()
    while not _answers_at_once(served):
        pause.wait(0.01)
    assert deaf(served, 2) == [
        SocketDeaf(error=f"[Errno {number}] {os.strerror(number)}"),
        SocketDeaf(error=None),
    ]


def _answers_at_once(served: Served) -> bool:
    """Whether it does; a socket that is just bound again may refuse."""
    try:
        return answers(served)
    except OSError:
        return False


def test_a_client_that_went_away_before_its_turn_is_no_fault(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = iter([errno.ECONNABORTED] * 3)
    accept = Listener.accept

    def failing(listener: Listener, within_s: float) -> socket.socket:
        if (failure := next(fails, None)) is not None:
            raise OSError(failure, os.strerror(failure))
        return accept(listener, within_s)

    monkeypatch.setattr(Listener, "accept", failing)
    assert [answers(served) for _ in range(3)] == [True] * 3
    assert next(fails, None) is None
    assert deaf(served) == []


def test_without_a_thread_a_client_is_told_so_and_the_next_one_is_served(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoThread(Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(server_module, "Thread", NoThread)
        for _ in range(server_module.CONNECTIONS_MAX + 1):
            client = Client(served.path)
            assert client.read()["error"] == "control: it can't be served now: can't start new thread"
            client.close()
    assert answers(served), "no place was lost"
    assert deaf(served, 2) == [SocketDeaf(error="can't start new thread"), SocketDeaf(error=None)]


class Lock:
    """A folder's lock whose looks find what a test says, and then nothing."""

    def __init__(self, *losses: LockLoss | Exception) -> None:
        self._losses = iter(losses)
        self.looks = 0

    def look(self) -> LockLoss | None:
        self.looks += 1
        loss = next(self._losses, None)
        if isinstance(loss, Exception):
            raise loss
        return loss


def test_the_lock_is_looked_at_also_while_clients_come_and_what_is_found_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "LOOK_S", 0.02)
    lock = Lock(LockLoss(lock="it is not there"), LockLoss(folder="/data is another folder"))
    control = FakeAddress("control")
    control.answers[PingEngine] = ALIVE
    server = ControlServer(tmp_path / "run" / "x.sock", control, FakeEngine().operation, NO_SECRETS, lock)
    server.open()
    found: Callable[[], list[LockLookedAt]] = lambda: [  # noqa: E731
        message for message in control.received if isinstance(message, LockLookedAt)
    ]
    while lock.looks < 5:
        client = Client(tmp_path / "run" / "x.sock")
        assert client.ask(request="ping")["ok"] is True
        client.close()
    server.close()
    assert found() == [
        LockLookedAt(lock="it is not there", error=None, folder=None),
        LockLookedAt(lock=None, error=None, folder="/data is another folder"),
        LockLookedAt(lock=None, error=None, folder=None),
    ]


def test_a_look_that_fails_does_not_end_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "LOOK_S", 0.01)
    monkeypatch.setattr(server_module, "RETRY_S", 0.01)
    served = Served(tmp_path, lock=Lock(OSError(errno.EIO, "Input/output error"), ValueError("a fault")))
    served.control.answers[PingEngine] = ALIVE
    assert told(served, 1)[0] == SocketDeaf(error="[Errno 5] Input/output error")
    assert answers(served)
    served.server.close()
