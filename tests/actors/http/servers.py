"""Servers on loopback whose every byte a test chooses."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TypeAlias

Serve: TypeAlias = Callable[[socket.socket], object]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def serving(serve: Serve, *, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server that gives each connection to `serve`, and closes it after that."""

    def one(connection: socket.socket) -> None:
        try:
            with connection if tls is None else tls.wrap_socket(connection, server_side=True) as ours:
                ours.settimeout(30)
                serve(ours)
        except OSError:
            connection.close()  # The client has gone, or did not like the certificate.

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            Thread(target=one, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def request_of(connection: socket.socket) -> bytes:
    """One request whose body is `{}`, or nothing if the client has gone."""
    received = b""
    while not received.endswith(b"{}"):
        more = connection.recv(65_536)
        if not more:
            return b""
        received += more
    return received


def answers(*each: bytes) -> Serve:
    """Answer the requests of a connection by these, one a request."""

    def serve(connection: socket.socket) -> None:
        for answer in each:
            if not request_of(connection):
                return
            connection.sendall(answer)
        request_of(connection)

    return serve
