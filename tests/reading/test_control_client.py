"""What the control client makes of an engine that answers, refuses, or talks nonsense."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from actors.control.socket_path import choose_socket
from actors.control.wire import ControlAnswer, ControlRequest, RequestName, encode
from cli.data_folder import locked
from core.errors import EngineNotRunningError, FoundWrongError, NoAnswerError
from core.messages.control import EngineStopping, Healthcheck
from reading import control_client
from reading.control_client import ask_engine, exchange, request_of
from reading.engine_lock import LOCK, try_lock

HEALTHY = encode(
    ControlAnswer(
        ok=True,
        answer="Healthcheck",
        body={"ok": True, "problems": [], "notes": [], "at": "2026-01-05T14:00:00Z"},
    )
)


@contextmanager
def engine_that_says(data_dir: Path, said: bytes) -> Iterator[list[bytes]]:
    """Listens where the engine would, answers one request with these bytes, and keeps what was asked."""
    asked: list[bytes] = []
    with (
        locked(data_dir, lambda: choose_socket(data_dir, os.environ)) as held,
        socket.socket(socket.AF_UNIX) as listening,
    ):
        listening.bind(str(held.socket))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as lines:
                asked.append(lines.readline())
                with suppress(BrokenPipeError):
                    connection.sendall(said)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield asked
        thread.join(10.0)
    held.socket.unlink()


@contextmanager
def engine_that_refuses_unasked(data_dir: Path, said: bytes) -> Iterator[None]:
    """Says these bytes and closes before the client sends anything, which waits for that."""
    closed = Event()

    def slow_to_ask(request: ControlRequest) -> bytes:
        assert closed.wait(10.0)
        return encode(request)

    with (
        pytest.MonkeyPatch.context() as patched,
        locked(data_dir, lambda: choose_socket(data_dir, os.environ)) as held,
        socket.socket(socket.AF_UNIX) as listening,
    ):
        patched.setattr(control_client, "encode", slow_to_ask)
        listening.bind(str(held.socket))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(said)
            closed.set()

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield
        thread.join(10.0)
    held.socket.unlink()


def test_one_request_gives_the_answer_that_was_expected(tmp_path: Path) -> None:
    request = request_of(RequestName.HEALTHCHECK)
    with engine_that_says(tmp_path, HEALTHY) as asked:
        assert ask_engine(tmp_path, request, Healthcheck).ok
    assert asked == [encode(request)]


def test_another_answer_than_the_expected_one_is_named(tmp_path: Path) -> None:
    with engine_that_says(tmp_path, HEALTHY), pytest.raises(FoundWrongError, match="found Healthcheck"):
        ask_engine(tmp_path, request_of(RequestName.STOP, reason="test"), EngineStopping)


@contextmanager
def engine_that_never_ends_its_line(data_dir: Path, piece: bytes) -> Iterator[None]:
    """Listens where the engine would, and sends a piece again and again until the client has gone."""
    over = Event()
    with (
        locked(data_dir, lambda: choose_socket(data_dir, os.environ)) as held,
        socket.socket(socket.AF_UNIX) as listening,
    ):
        listening.bind(str(held.socket))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                while not over.wait(0.01):
                    connection.sendall(piece)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield
        over.set()
        thread.join(10.0)
    held.socket.unlink()


@pytest.mark.parametrize(
    ("piece", "answer_s", "told"), [(b" ", 0.2, "no answer within 0.2 s"), (b" " * 500_000, 60.0, "at most")]
)
def test_an_answer_without_end_ends_with_the_time_or_the_bytes(
    tmp_path: Path, piece: bytes, answer_s: float, told: str
) -> None:
    request = request_of(RequestName.STATUS)
    with engine_that_never_ends_its_line(tmp_path, piece), pytest.raises(FoundWrongError, match=told):
        list(exchange(tmp_path, request, answer_s=answer_s))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (encode(ControlAnswer(ok=False, answer="Error", error="the switch is armed")), "the switch is armed"),
        (b"{}\n", "an answer that can't be read"),
        (b"", "the connection ended without an answer"),
    ],
    ids=["refusal", "nonsense", "silence"],
)
def test_no_usable_answer_is_an_error_that_says_why(tmp_path: Path, said: bytes, told: str) -> None:
    with engine_that_says(tmp_path, said), pytest.raises(FoundWrongError, match=told):
        list(exchange(tmp_path, request_of(RequestName.STATUS)))


def test_a_refusal_is_read_although_the_engine_has_closed_before_it_was_asked(tmp_path: Path) -> None:
    """As with every place taken: the request finds nobody who reads it, and why is what must be told."""
    said = encode(ControlAnswer(ok=False, error="control: 8 connections are in use"))
    with engine_that_refuses_unasked(tmp_path, said), pytest.raises(FoundWrongError) as told:
        list(exchange(tmp_path, request_of(RequestName.STATUS)))
    assert (type(told.value), str(told.value)) == (FoundWrongError, "control: 8 connections are in use")


def test_an_engine_that_closes_unasked_and_says_nothing_broke_the_connection(tmp_path: Path) -> None:
    with engine_that_refuses_unasked(tmp_path, b""), pytest.raises(NoAnswerError, match="Broken pipe"):
        list(exchange(tmp_path, request_of(RequestName.STATUS)))


def test_an_engine_that_holds_the_folder_and_does_not_listen_is_told_apart(tmp_path: Path) -> None:
    with (tmp_path / LOCK).open("w", encoding="utf-8") as lock:
        lock.write('{"pid": 77, "socket": "nowhere.sock"}')
        lock.flush()
        assert try_lock(lock)
        with pytest.raises(EngineNotRunningError, match=r"\(pid 77\) holds .* does not listen"):
            list(exchange(tmp_path, request_of(RequestName.STATUS)))


def test_a_socket_that_belongs_to_another_user_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine_that_says(tmp_path, HEALTHY) as asked:
        monkeypatch.setattr(control_client, "peer_uid", lambda _: os.getuid() + 1)
        with pytest.raises(FoundWrongError, match=r"served by uid \d+, expected uid \d+; nothing was sent"):
            list(exchange(tmp_path, request_of(RequestName.STATUS)))
    assert asked == [b""]


def test_a_file_at_the_place_of_the_socket_is_not_trusted(tmp_path: Path) -> None:
    with locked(tmp_path, lambda: choose_socket(tmp_path, os.environ)) as held:
        held.socket.write_text("in the way", "utf-8")
        with pytest.raises(FoundWrongError, match="not trusted, nothing was sent"):
            list(exchange(tmp_path, request_of(RequestName.STATUS)))


def test_an_answer_of_another_version_is_told_in_a_sentence(tmp_path: Path) -> None:
    """The package was upgraded under a running engine: what it says has a field too few."""
    said = encode(ControlAnswer(ok=True, answer="Healthcheck", body={"ok": True, "problems": []}))
    with engine_that_says(tmp_path, said), pytest.raises(FoundWrongError, match="another version") as told:
        ask_engine(tmp_path, request_of(RequestName.HEALTHCHECK), Healthcheck)
    assert "at: Field required" in str(told.value)


def test_a_client_that_has_no_file_left_says_so_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object) -> None:
        raise OSError(24, "Too many open files")

    with engine_that_says(tmp_path, HEALTHY) as asked:
        with monkeypatch.context() as patch:
            patch.setattr("reading.control_client.socket.socket", none_left)
            with pytest.raises(NoAnswerError, match="can't be asked: Too many open files"):
                list(exchange(tmp_path, request_of(RequestName.STATUS)))
        assert ask_engine(tmp_path, request_of(RequestName.HEALTHCHECK), Healthcheck).ok
    assert len(asked) == 1
