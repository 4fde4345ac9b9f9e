"""One connection from request to request: what is left in it, who closes it, and what was sent for sure."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from threading import Event, get_ident

import pytest

from actors.http import ConnectionCut, HttpTransport, NotConnected, Response
from actors.http.network import DeadlineStream
from tests.actors.http.servers import OK, answers, request_of, serving

ANOTHER = OK.replace(b"{}", b"[]")


def send(transport: HttpTransport) -> Response:
    return transport.send("POST", "/x", {}, b"{}", 8.0)


@pytest.mark.parametrize("rest", [ANOTHER, ANOTHER[:30], ANOTHER[:5], b"\r\n", b"x", b"\0" * 100])
def test_what_is_left_of_an_earlier_answer_is_never_taken_for_the_next_one(rest: bytes) -> None:
    """Nothing has been sent on that connection, so that the request goes out on a new one."""
    with serving(answers(OK + rest, OK)) as port, closing(HttpTransport(f"http://127.0.0.1:{port}")) as http:
        assert send(http).body == b"{}"
        assert send(http).body == b"{}"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
)
def test_nor_is_what_is_left_of_an_answer_without_a_body_or_in_chunks(answer: bytes) -> None:
    with (
        serving(answers(answer + ANOTHER[:30], OK)) as port,
        closing(HttpTransport(f"http://127.0.0.1:{port}")) as http,
    ):
        send(http)
        assert send(http).status == int(answer.split()[1]), "the first answer of another connection"


@pytest.mark.parametrize(
    "answer", [OK, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"]
)
def test_whole_answers_share_a_connection(answer: bytes) -> None:
    connections = count()

    def serve(connection: socket.socket) -> None:
        next(connections)
        answers(answer, answer, answer)(connection)

    with serving(serve) as port, closing(HttpTransport(f"http://127.0.0.1:{port}")) as http:
        for _ in range(3):
            assert send(http).body == b"{}"
    assert next(connections) == 1


def test_an_answer_that_comes_before_its_request_is_not_taken_for_its() -> None:
    said = Event()

    def serve(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(OK)
        connection.sendall(ANOTHER)
        said.set()
        request_of(connection)

    with serving(serve) as port, closing(HttpTransport(f"http://127.0.0.1:{port}")) as http:
        assert send(http).body == b"{}"
        assert said.wait(5)
        assert send(http).body == b"{}", "on another connection"


def test_a_connection_that_gets_out_of_step_in_the_last_moment_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After httpcore has found it idle and before a byte of the request has left."""
    numbers, say, said = count(1), Event(), Event()
    write = DeadlineStream.write

    def serve(connection: socket.socket) -> None:
        number = next(numbers)
        request_of(connection)
        connection.sendall(OK)
        if number == 1:
            say.wait(5)
            connection.sendall(ANOTHER)
            said.set()
        request_of(connection)

    def in_the_last_moment(stream: DeadlineStream, buffer: bytes, timeout: float | None = None) -> None:
        say.set()
        assert said.wait(5)
        write(stream, buffer, timeout)

    with serving(serve) as port, closing(HttpTransport(f"http://127.0.0.1:{port}")) as http:
        assert send(http).body == b"{}"
        monkeypatch.setattr(DeadlineStream, "write", in_the_last_moment)
        assert send(http).body == b"{}"
    assert next(numbers) == 3


def test_a_server_that_speaks_first_was_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    greeted, received = Event(), []
    write = DeadlineStream.write

    def serve(connection: socket.socket) -> None:
        connection.sendall(ANOTHER)
        greeted.set()
        received.append(connection.recv(100))

    def after_the_greeting(stream: DeadlineStream, buffer: bytes, timeout: float | None = None) -> None:
        assert greeted.wait(5)
        write(stream, buffer, timeout)

    monkeypatch.setattr(DeadlineStream, "write", after_the_greeting)
    with (
        serving(serve) as port,
        closing(HttpTransport(f"http://127.0.0.1:{port}")) as http,
        pytest.raises(NotConnected, match="before it was asked"),
    ):
        send(http)
    assert b"POST" not in b"".join(received)


def test_a_connection_that_the_server_has_closed_is_replaced() -> None:
    closed = Event()

    def serve(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    with serving(serve) as port, closing(HttpTransport(f"http://127.0.0.1:{port}")) as http:
        assert send(http).body == b"{}"
        assert closed.wait(5)
        assert send(http).body == b"{}"


def test_a_request_leaves_in_one_piece() -> None:
    """So that a server never has half of it, and one call tells whether any of it was sent."""
    received = []

    def serve(connection: socket.socket) -> None:
        received.append(connection.recv(65_536))
        connection.sendall(OK)

    with serving(serve) as port, closing(HttpTransport(f"http://127.0.0.1:{port}")) as http:
        send(http)
    assert received[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert received[0].endswith(b"\r\n\r\n{}")
    assert b"accept-encoding: identity\r\n" in received[0].lower()


def test_after_an_error_the_next_request_has_a_new_connection() -> None:
    numbers = count(1)

    def serve(connection: socket.socket) -> None:
        number = next(numbers)
        while request_of(connection):
            connection.sendall(OK if number > 1 else b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n")

    with serving(serve) as port, closing(HttpTransport(f"http://127.0.0.1:{port}")) as http:
        with pytest.raises(ConnectionCut):
            send(http)
        assert send(http).body == b"{}"


def test_an_error_repeats_nothing_that_the_server_has_said() -> None:
    """It may have put the token into it."""
    echoed = b"HTTP/1.1 200 OK\r\nAuthorization Bearer s3cret\r\n\r\n"
    with (
        serving(answers(echoed)) as port,
        closing(HttpTransport(f"http://127.0.0.1:{port}")) as http,
        pytest.raises(ConnectionCut, match="illegal header line") as raised,
    ):
        send(http)
    assert "s3cret" not in str(raised.value)


@pytest.fixture
def waiting() -> Iterator[tuple[HttpTransport, Event]]:
    """A transport to a server that never answers, and the sign that its request has come."""
    asked = Event()

    def serve(connection: socket.socket) -> None:
        request_of(connection)
        asked.set()
        connection.recv(1)

    with serving(serve) as port:
        yield HttpTransport(f"http://127.0.0.1:{port}"), asked


def test_closing_wakes_who_waits_for_an_answer(waiting: tuple[HttpTransport, Event]) -> None:
    """An actor that hangs is replaced: its request ends at once, not after its deadline."""
    transport, asked = waiting
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(transport.send, "POST", "/x", {}, b"{}", 600.0)
        assert asked.wait(5)
        transport.close()
        with pytest.raises(ConnectionCut):
            under_way.result(20)
    with pytest.raises(NotConnected):
        send(transport)


def test_only_who_uses_a_socket_closes_it(waiting: tuple[HttpTransport, Event]) -> None:
    """Else its number might be given to another file while it is still read from."""
    transport, asked = waiting
    attempt = vars(transport)["_attempt"]
    close, closers = attempt.close, []

    def noted(used: socket.socket) -> None:
        closers.append(get_ident())
        close(used)

    attempt.close = noted
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(get_ident).result()
        under_way = pool.submit(transport.send, "POST", "/x", {}, b"{}", 600.0)
        assert asked.wait(5)
        transport.close()
        with pytest.raises(ConnectionCut):
            under_way.result(20)
    assert set(closers) == {reader}


def test_what_an_earlier_attempt_has_sent_is_not_held_against_the_next() -> None:
    """The host has gone since: nothing was sent to it, so an order is refused and not in doubt."""
    with serving(answers(OK.replace(b"{}", b"[]"))) as port:
        http = HttpTransport(f"http://127.0.0.1:{port}")
        assert send(http).status == 200
        vars(http)["_http"].close()
    with closing(http), pytest.raises(NotConnected, match="refused the connection"):
        send(http)
