"""The HTTP transport against the real paper venue, and what the paper transport makes of its headers."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest

from actors.http import ConnectionCut, HttpTransport, NoAnswer, NotConnected, Response
from actors.mcp import PaperTransport
from actors.mcp.client import McpClient
from actors.mcp.credentials import McpCredentials
from actors.mcp.paper_transport import PaperCrashError
from core.contract import CurrencyRequest, Router, iso_utc
from core.errors import McpAuthError
from core.strategy import Strategy
from gateway.paper.launch import VenueProcess
from tests.contract.bench import BenchClock
from tests.contract.conftest import CREDENTIALS

CLOCK_START = datetime(2026, 1, 5, 14, tzinfo=UTC)


def packed(body: bytes) -> bytes:
    """An answer that says its body is gzip."""
    return b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(body) + body


class RawServer:
    """Accepts one connection and answers with the bytes that it was given, then closes."""

    def __init__(self, answer: bytes, *, hold: bool = False) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._answer, self._hold = answer, hold
        self._done = threading.Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        with connection:
            connection.recv(65_536)
            connection.sendall(self._answer)
            if self._hold:
                self._done.wait(10)

    def close(self) -> None:
        self._done.set()
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[RawServer]:
    raw = RawServer(*request.param) if isinstance(request.param, tuple) else RawServer(request.param)
    yield raw
    raw.close()


def send(url: str, timeout_s: float = 8.0) -> Response:
    transport = HttpTransport(url, monotonic=time.monotonic)
    try:
        return transport.send("POST", "/x", {}, b"{}", timeout_s)
    finally:
        transport.close()


@pytest.mark.parametrize(
    "server", [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-One: 1\r\n\r\n{}"], indirect=True
)
def test_answer_comes_whole_with_lower_case_headers(server: RawServer) -> None:
    answer = send(server.url)
    assert (answer.status, answer.body, answer.headers["x-one"]) == (200, b"{}", "1")


@pytest.mark.parametrize(
    "server", [b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", b"", b"nonsense\r\n\r\n"], indirect=True
)
def test_answer_that_breaks_off_is_a_cut(server: RawServer) -> None:
    with pytest.raises(ConnectionCut):
        send(server.url)


def test_after_its_close_nothing_is_sent_any_more() -> None:
    """A replaced actor that wakes late must not connect again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        transport = HttpTransport(f"http://127.0.0.1:{listener.getsockname()[1]}", monotonic=time.monotonic)
        transport.close()
        with pytest.raises(NotConnected):
            transport.send("POST", "/x", {}, b"{}", 8.0)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("server", [packed(gzip.compress(b'{"a":1}', mtime=0))], indirect=True, ids=["gzip"])
def test_a_packed_answer_is_a_cut(server: RawServer) -> None:
    """Nobody has asked for it, and a few bytes might become gigabytes. It may have had its effect."""
    with pytest.raises(ConnectionCut):
        send(server.url)


def test_refused_connection_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotConnected):
        send(f"http://127.0.0.1:{port}")


def test_silence_is_no_answer() -> None:
    server = RawServer(b"", hold=True)
    try:
        with pytest.raises(NoAnswer):
            send(server.url, timeout_s=0.05)
    finally:
        server.close()


def test_wrong_token_is_refused_by_the_real_venue(
    paper_process: VenueProcess, paper_clock: BenchClock
) -> None:
    inner = HttpTransport(paper_process.url, monotonic=time.monotonic)
    client = McpClient(
        router=Router.DERIBIT,
        transport=PaperTransport(inner, clock=paper_clock),
        credentials=McpCredentials(token="wrong", bot_tag="BOT__CONTRACT"),
        strategy=Strategy(),
    )
    with pytest.raises(McpAuthError):
        client.read("get_index_price", CurrencyRequest(), correlation="c", now=paper_clock.now())
    client.close()


class Scripted:
    """An inner transport with one answer; keeps the headers that it was sent."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self.sent: Mapping[str, str] = {}

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        self.sent = headers
        return Response(200, self._headers, b"{}")

    def close(self) -> None:
        """Nothing is held."""


def paper(headers: Mapping[str, str]) -> tuple[Scripted, BenchClock, PaperTransport]:
    inner, clock = Scripted(headers), BenchClock(CLOCK_START)
    return inner, clock, PaperTransport(inner, clock=clock)


def test_venue_is_told_the_market_time() -> None:
    inner, clock, transport = paper({})
    transport.send("POST", "/x", CREDENTIALS.headers("c"), b"{}", 8.0)
    assert inner.sent["X-Paper-Now"] == iso_utc(clock.now())


def test_latency_passes_in_market_time() -> None:
    _, clock, transport = paper({"x-paper-took": "2.5"})
    transport.send("POST", "/x", {}, b"{}", 8.0)
    assert clock.slept == [2.5]


@pytest.mark.parametrize(
    ("headers", "slept"),
    [
        ({"x-paper-took": "30.0"}, [8.0]),
        ({"x-paper-fault": "timeout_after"}, [8.0]),
        ({"x-paper-fault": "timeout_before", "x-paper-took": "30"}, [8.0]),
    ],
)
def test_answer_later_than_the_deadline_never_comes(headers: Mapping[str, str], slept: list[float]) -> None:
    _, clock, transport = paper(headers)
    with pytest.raises(NoAnswer):
        transport.send("POST", "/x", {}, b"{}", 8.0)
    assert clock.slept == slept


def test_cut_is_played() -> None:
    _, _, transport = paper({"x-paper-fault": "cut"})
    with pytest.raises(ConnectionCut):
        transport.send("POST", "/x", {}, b"{}", 8.0)


def test_crash_is_raised_in_the_actor() -> None:
    _, _, transport = paper({"x-paper-fault": "crash"})
    with pytest.raises(PaperCrashError):
        transport.send("POST", "/x", {}, b"{}", 8.0)


def test_fault_of_the_body_is_handed_on() -> None:
    """Its kind is only named; the body itself is what is broken."""
    _, _, transport = paper({"x-paper-fault": "truncated"})
    assert transport.send("POST", "/x", {}, b"{}", 8.0).status == 200
