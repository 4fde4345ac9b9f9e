"""Whatever bytes a server sends, a request ends with an answer or with an error of the transport."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.http import ConnectionCut, HttpTransport, NoAnswer, Response, TransportError
from tests.actors.http.servers import request_of, serving

PIECES = st.sampled_from(
    [
        *(b"HTTP/1.1 ", b"HTTP/1.0 ", b"200 OK", b"302 F", b"103 E", b"429 T", b"999"),
        *(b"Content-Length: ", b"Transfer-Encoding: ", b"Content-Encoding: ", b"Connection: "),
        *(b"chunked", b"gzip", b"close", b"2", b"0", b"-1", b"99999999999999999999999"),
        *(b"\r\n", b"\r\n\r\n", b"\n", b" ", b"\t", b":", b"\0", b"\xff", b"{}"),
        *(b"ffffffffffffffff\r\n", b"5;a=b\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    ]
)
ANSWERS = st.lists(PIECES | st.binary(max_size=8), max_size=12).map(b"".join)


class Server:
    """Answers each request by `answer`, and ends the connection."""

    def __init__(self) -> None:
        self.answer = b""

    def __call__(self, connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(self.answer)


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Server, int]]:
    server = Server()
    with serving(server) as port:
        yield server, port


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=ANSWERS, begin=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"]))
def test_any_bytes_are_an_answer_or_none(place: tuple[Server, int], answer: bytes, begin: bytes) -> None:
    server, port = place
    server.answer = begin + answer
    end: Response | TransportError
    with closing(HttpTransport(f"http://127.0.0.1:{port}")) as http:
        try:
            end = http.send("POST", "/x", {}, b"{}", 20.0)
        except (ConnectionCut, NoAnswer) as error:
            end = error
    if isinstance(end, Response):
        assert 200 <= end.status < 1000
        assert end.body in server.answer or b"chunked" in server.answer
    else:
        assert len(str(end)) < 300
