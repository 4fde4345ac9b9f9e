"""A tool server on loopback that stands before the paper venue and misbehaves when it is told to."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread
from types import TracebackType
from typing import BinaryIO
from urllib.parse import urlsplit

CORRELATION_HEADER = "x-correlation-id"
HELD_S = 60.0
"""A client that has not gone by then is left: no test waits for as long."""


class Exchange:
    """One request, and the connection that its answer is sent on."""

    def __init__(
        self,
        connection: socket.socket,
        stopped: Event,
        *,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        ask_venue: Callable[[], tuple[int, bytes]],
    ) -> None:
        self._connection = connection
        self._stopped = stopped
        self._ask_venue = ask_venue
        self.method = method
        self.path = path
        self.headers = headers
        """By their names in lower case."""
        self.body = body

    def sound(self) -> bytes:
        """The body of the venue's own answer to this request."""
        return self._ask_venue()[1]

    def send(self, raw: bytes) -> None:
        """Send bytes as they are. Raises OSError once the client is gone."""
        self._connection.sendall(raw)

    def answer(self, body: bytes, *, status: str = "200 OK", headers: str = "") -> None:
        """A well-formed answer. `headers` are whole lines, each ended by CR LF."""
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}"
        self.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body)

    def pass_on(self) -> None:
        """Answer as the venue does."""
        status, body = self._ask_venue()
        self.answer(body, status=f"{status} {http.client.responses.get(status, '')}")

    def drip(self, piece: bytes, every_s: float = 0.25) -> None:
        """Send the piece again and again, until the client is gone (OSError) or the server stops."""
        while not self._stopped.wait(every_s):
            self.send(piece)

    def hold(self) -> None:
        """Say nothing until the client is gone or the server stops."""
        self._connection.settimeout(0.25)
        for _ in range(int(HELD_S / 0.25)):
            try:
                if self._stopped.is_set() or not self._connection.recv(1):
                    return
            except TimeoutError:
                continue

    def reset(self) -> None:
        """End the connection with a reset instead of an orderly end."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        # Its file is closed at once, whoever else refers to it.
        socket.close(self._connection.detach())


@dataclass
class _Planned:
    """The misbehaviour that waits for the first request of one tool, and how often the tool was asked."""

    tool: str
    act: Callable[[Exchange], None]
    under: str
    asked: int = 0

    def is_of(self, exchange: Exchange) -> bool:
        correlation = exchange.headers.get(CORRELATION_HEADER, "")
        return exchange.path.endswith(f"/tools/{self.tool}") and correlation.startswith(self.under)


class HostileServer:
    """Use as a context manager. Passes everything on to the venue, except what `misbehave` has planned."""

    def __init__(self, venue_url: str) -> None:
        self._venue = urlsplit(venue_url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopped = Event()
        self._lock = Lock()
        self._planned: _Planned | None = None
        self._always: Callable[[Exchange], None] | None = None
        self._choose: Callable[[Exchange], Callable[[Exchange], None] | None] = lambda _: None
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def misbehave(self, tool: str, act: Callable[[Exchange], None], *, under: str = "") -> None:
        """Answer the next request for that tool by `act`, and everything else as the venue does.

        Only requests count whose correlation begins with `under`.
        """
        with self._lock:
            self._planned = _Planned(tool, act, under)

    def always(self, act: Callable[[Exchange], None]) -> None:
        """Answer every request by `act`."""
        self._always = act

    def choosing(self, choose: Callable[[Exchange], Callable[[Exchange], None] | None]) -> None:
        """Have each request looked at: it is answered by what `choose` returns, if that is not None."""
        self._choose = choose

    @property
    def asked(self) -> int:
        """How often the tool that `misbehave` named was asked for since."""
        with self._lock:
            return 0 if self._planned is None else self._planned.asked

    @classmethod
    def alone(cls, sound: bytes, act: Callable[[Exchange], None]) -> HostileServer:
        """A server without a venue: it answers by `act`, and its own sound answer is always the same."""
        server = cls("http://127.0.0.1:1")
        server._ask_venue = lambda *_: (200, sound)  # type: ignore[method-assign]
        server.always(act)
        return server

    def __enter__(self) -> HostileServer:
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            connection.settimeout(HELD_S)
            try:
                while (exchange := self._next(connection, lines)) is not None:
                    self._act_for(exchange)(exchange)
            except (OSError, http.client.HTTPException):
                return  # The client is gone, or the venue is.

    def _next(self, connection: socket.socket, lines: BinaryIO) -> Exchange | None:
        """The next request on the connection; None if it has ended."""
        start = lines.readline().decode("latin-1").split()
        if len(start) != 3:
            return None
        method, path, _ = start
        headers: dict[str, str] = {}
        while line := lines.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        body = lines.read(int(headers.get("content-length", "0")))
        return Exchange(
            connection,
            self._stopped,
            method=method,
            path=path,
            headers=headers,
            body=body,
            ask_venue=lambda: self._ask_venue(method, path, headers, body),
        )

    def _act_for(self, exchange: Exchange) -> Callable[[Exchange], None]:
        if self._always is not None:
            return self._always
        with self._lock:
            planned = self._planned
            if planned is not None and planned.is_of(exchange):
                planned.asked += 1
                if planned.asked == 1:
                    return planned.act
        return self._choose(exchange) or Exchange.pass_on

    def _ask_venue(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(str(self._venue.hostname), self._venue.port, timeout=HELD_S)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
