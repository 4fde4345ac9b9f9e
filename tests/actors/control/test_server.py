"""The control socket: JSON lines, for this user only, in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from actors.control import server as server_module
from actors.control.folder_lock import FolderLock
from actors.control.server import ControlServer
from actors.control.trust import peer_uid
from actors.runtime import AskFailed, AskTimeout
from actors.runtime.testing import FakeAddress
from core.messages.base import Refused
from core.messages.control import (
    AwaitEnded,
    AwaitInject,
    EngineAlive,
    InjectAccepted,
    InjectDone,
    InjectMessage,
    InjectWaits,
    PingEngine,
    SocketLost,
)
from core.redaction import Redactor
from tests.fakes.engine import FakeEngine

NOW = datetime(2026, 1, 5, tzinfo=UTC)
ALIVE = EngineAlive(at=NOW, pid=7)
NO_SECRETS = Redactor()


class Client:
    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(10.0)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._lines = self._socket.makefile("rb")

    def send(self, line: bytes) -> None:
        self._socket.sendall(line)

    def read(self) -> dict[str, object]:
        answer: dict[str, object] = json.loads(self._lines.readline() or b'{"closed": true}')
        return answer

    def ask(self, **request: object) -> dict[str, object]:
        self.send(json.dumps(request).encode() + b"\n")
        return self.read()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


class Served:
    def __init__(self, folder: Path, redact: Redactor = NO_SECRETS, lock: FolderLock | None = None) -> None:
        self.path = folder / "run" / "x.sock"
        self.control = FakeAddress("control")
        self.engine = FakeEngine()
        self.server = ControlServer(self.path, self.control, self.engine.operation, redact, lock)
        self.server.open()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    yield served
    served.server.close()


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    client = Client(served.path)
    yield client
    client.close()


def test_a_request_is_asked_of_control_while_market_time_stands(served: Served, client: Client) -> None:
    seen: list[int] = []

    def answer(_: object) -> EngineAlive:
        seen.append(served.engine.operations)
        return ALIVE

    served.control.answers[PingEngine] = answer
    line = client.ask(request="ping")
    assert (line["ok"], line["answer"]) == (True, "EngineAlive")
    assert seen == [1]
    assert served.engine.operations == 0


def test_one_connection_serves_many_requests(served: Served, client: Client) -> None:
    served.control.answers[PingEngine] = ALIVE
    assert [client.ask(request="ping")["ok"] for _ in range(3)] == [True, True, True]


def test_inject_is_answered_when_durable_and_again_with_what_it_led_to(
    served: Served, client: Client
) -> None:
    under_way: list[int] = []

    def done(_: object) -> InjectDone:
        under_way.append(served.engine.operations)
        return InjectDone(request_id="i", message="ClosePosition", answer="ExitEnded", body="{}")

    served.control.answers[InjectMessage] = InjectAccepted(
        request_id="i", message="ClosePosition", on_disk=True
    )
    served.control.answers[AwaitInject] = done
    first = client.ask(request="inject", message="ClosePosition", body={"position_id": "p"}, wait_s=5.0)
    second = client.read()
    assert (first["answer"], first["more"]) == ("InjectAccepted", True)
    assert (second["answer"], second["more"]) == ("InjectDone", False)
    assert under_way == [0], "market time must move while the effect is awaited"


def ends_of(served: Served) -> list[AwaitEnded]:
    """What control was told about who waited; told after the answer was sent, so it may take a moment."""
    served.server.close()
    return [message for message in served.control.received if isinstance(message, AwaitEnded)]


def awaited(served: Served) -> str:
    """The name under which the connection waits for the end of its message."""
    return next(m.asker for m in served.control.received if isinstance(m, InjectMessage))


def test_control_learns_that_the_end_reached_the_person(served: Served, client: Client) -> None:
    served.control.answers[InjectMessage] = InjectAccepted(request_id="i", message="M", on_disk=True)
    served.control.answers[AwaitInject] = InjectDone(request_id="i", message="M", answer="A", body="{}")
    served.control.answers[PingEngine] = ALIVE
    client.ask(request="inject", message="M", wait_s=5.0)
    client.read()
    assert client.read() == {"closed": True}
    assert ends_of(served) == [AwaitEnded(asker=awaited(served), told=True)]


@pytest.mark.parametrize("fault", [AskTimeout("late"), AskFailed("control restarts")])
def test_control_learns_that_the_end_did_not_reach_the_person(
    served: Served, client: Client, fault: Exception
) -> None:
    served.control.answers[InjectMessage] = InjectAccepted(request_id="i", message="M", on_disk=True)
    served.control.answers[AwaitInject] = fault
    served.control.answers[PingEngine] = ALIVE
    client.ask(request="inject", message="M", wait_s=5.0)
    assert client.read()["answer"] == "InjectAccepted", "it is still under way"
    assert client.read() == {"closed": True}
    assert ends_of(served) == [AwaitEnded(asker=awaited(served), told=False)]


def test_an_acceptance_that_does_not_come_says_that_the_message_may_have_been_taken(
    served: Served, client: Client
) -> None:
    served.control.answers[InjectMessage] = AskTimeout("busy")
    served.control.answers[PingEngine] = ALIVE
    line = client.ask(request="inject", message="M", wait_s=5.0)
    assert line["ok"] is False
    assert "it is not known whether the message was taken" in str(line["error"])
    client.ask(request="ping")
    assert ends_of(served) == [AwaitEnded(asker=awaited(served), told=False)]


def test_who_does_not_wait_has_no_name(served: Served, client: Client) -> None:
    served.control.answers[InjectMessage] = InjectAccepted(request_id="i", message="M", on_disk=True)
    served.control.answers[PingEngine] = ALIVE
    assert client.ask(request="inject", message="M")["more"] is False
    client.ask(request="ping")
    assert (awaited(served), ends_of(served)) == ("", [])


def test_each_word_of_what_it_waits_for_is_a_line(served: Served, client: Client) -> None:
    said = [
        InjectWaits(request_id="i", number=1, text="the recovery"),
        InjectWaits(request_id="i", number=2, text="the window"),
        InjectDone(request_id="i", message="M", answer="A", body="{}"),
    ]
    served.control.answers[InjectMessage] = InjectAccepted(request_id="i", message="M", on_disk=True)
    served.control.answers[AwaitInject] = lambda query: said[query.seen]
    client.ask(request="inject", message="M", wait_s=5.0)
    lines = [client.read() for _ in said]
    assert [(line["answer"], line["more"]) for line in lines] == [
        ("InjectWaits", True),
        ("InjectWaits", True),
        ("InjectDone", False),
    ]


def test_inject_that_leads_to_nothing_in_time_stays_accepted(served: Served, client: Client) -> None:
    served.control.answers[InjectMessage] = InjectAccepted(request_id="i", message="M", on_disk=True)
    served.control.answers[AwaitInject] = AskTimeout("late")
    client.ask(request="inject", message="M", wait_s=0.1)
    assert client.read()["answer"] == "InjectAccepted"


def test_a_refusal_is_an_error_line(served: Served, client: Client) -> None:
    served.control.answers[InjectMessage] = Refused(request_id="i", reasons=("no such thing",))
    line = client.ask(request="inject", message="M", wait_s=5.0)
    assert (line["ok"], line["error"]) == (False, "no such thing")


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense\n",
        b'{"request": "explode"}\n',
        b'{"request": "ping", "x": 1}\n',
        b'{"request": "ping", "wait_s": NaN}\n',
    ],
)
def test_a_bad_line_is_answered_with_an_error_and_the_next_one_works(
    served: Served, client: Client, line: bytes
) -> None:
    served.control.answers[PingEngine] = ALIVE
    client.send(line)
    assert client.read()["ok"] is False
    assert client.ask(request="ping")["ok"] is True


def test_an_engine_that_does_not_answer_is_an_error_line(served: Served, client: Client) -> None:
    served.control.answers[PingEngine] = AskTimeout("busy")
    assert "AskTimeout" in str(client.ask(request="ping")["error"])


def test_another_user_is_refused(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "peer_uid", lambda _: os.getuid() + 1)
    client = Client(served.path)
    assert "own user only" in str(client.read()["error"])
    client.close()


def test_the_peer_is_who_the_kernel_says_it_is() -> None:
    left, right = socket.socketpair(socket.AF_UNIX)
    with left, right:
        assert peer_uid(left) == os.getuid()


def test_folder_and_socket_are_for_this_user_only(served: Served) -> None:
    assert stat.S_IMODE(served.path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o600


def test_a_socket_left_by_a_dead_engine_is_replaced(tmp_path: Path) -> None:
    first = Served(tmp_path)
    first.server._listener.path = tmp_path / "elsewhere"
    first.server.close()
    second = Served(tmp_path)
    second.control.answers[PingEngine] = ALIVE
    client = Client(second.path)
    assert client.ask(request="ping")["ok"] is True
    client.close()
    second.server.close()


def test_closing_cuts_clients_and_removes_the_socket(served: Served, client: Client) -> None:
    served.control.answers[PingEngine] = ALIVE
    client.ask(request="ping")
    served.server.close()
    served.server.close()
    assert client.read() == {"closed": True}
    assert not served.path.exists()


@pytest.fixture
def watchful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Looks after its file all the time, instead of three times a minute."""
    monkeypatch.setattr(server_module, "LOOK_S", 0.01)
    served = Served(tmp_path)
    served.control.answers[PingEngine] = ALIVE
    yield served
    served.server.close()
    assert not served.path.is_socket()


def told(served: Served, count: int) -> list[object]:
    """What control has been told, once it is so many messages."""
    pause = Event()
    while len(served.control.received) < count:
        pause.wait(0.01)
    return served.control.received


def test_a_socket_file_taken_away_is_bound_again_and_told(watchful: Served) -> None:
    bound_again = SocketLost(path=str(watchful.path), error=None)
    watchful.path.unlink()
    assert told(watchful, 1) == [bound_again]
    shutil.rmtree(watchful.path.parent)
    assert told(watchful, 2) == [bound_again] * 2
    client = Client(watchful.path)
    assert client.ask(request="ping")["ok"] is True
    client.close()


def test_another_file_at_the_place_of_the_socket_is_not_taken_for_ours(watchful: Served) -> None:
    with socket.socket(socket.AF_UNIX) as squatter:
        other = watchful.path.with_name("other")
        squatter.bind(str(other))
        other.rename(watchful.path)
        assert told(watchful, 1) == [SocketLost(path=str(watchful.path), error=None)]
        client = Client(watchful.path)
        assert client.ask(request="ping")["ok"] is True
        client.close()


def test_a_folder_at_the_place_of_the_socket_is_moved_aside_whole(tmp_path: Path) -> None:
    before = Served(tmp_path)
    before.server.close()
    (before.path / "kept").mkdir(parents=True)
    after = Served(tmp_path)
    assert (after.path.is_socket(), len(list(after.path.parent.glob("*/kept")))) == (True, 1)
    after.server.close()


def test_a_socket_that_cannot_be_bound_again_is_told_with_the_reason(watchful: Served) -> None:
    # Above the socket's own folder, of which what is in the way is moved aside.
    folder = watchful.path.parent.parent
    folder.rename(folder.with_name("gone"))
    folder.write_text("in the way", "utf-8")
    [lost, *_] = told(watchful, 1)
    assert isinstance(lost, SocketLost)
    assert lost.error is not None
    folder.unlink()
    folder.mkdir()
    pause = Event()
    while not watchful.path.is_socket():
        pause.wait(0.01)
    client = Client(watchful.path)
    assert client.ask(request="ping")["ok"] is True
    client.close()
