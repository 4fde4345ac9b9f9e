"""A server of ours that had no file left for a moment serves again, and has said so in a line."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event
from urllib.parse import SplitResult, urlsplit

import pytest

from gateway.shell.accepting import TellsSeldom
from tests.cli.support import ended, started
from tests.cli.test_deaf_socket import no_file_left
from tests.cli.test_live import TOKEN, address_of

SHORT_S = 1.5
Serve = Callable[[Path], subprocess.Popen[str]]


def of_metrics(folder: Path) -> subprocess.Popen[str]:
    folder.mkdir()
    return started("metrics", "--port", "0", "--data-dir", folder)


def of_venue(folder: Path) -> subprocess.Popen[str]:
    return started("venue", "--port", "0", "--data-dir", folder, MCP_TOKEN=TOKEN)


@pytest.mark.parametrize("serve", [of_metrics, of_venue])
def test_it_serves_again_and_has_said_so_in_one_line(tmp_path: Path, serve: Serve) -> None:
    server = serve(tmp_path / "data")
    try:
        place = urlsplit(address_of(server))
        asked = f"GET / HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode()
        assert is_answered(connected(place), asked), "it says where it listens before it can answer"
        with no_file_left(server.pid):
            waiting = connected(place)
            Event().wait(SHORT_S)
        assert is_answered(waiting, asked)
    finally:
        server.send_signal(signal.SIGTERM)
        told = ended(server).err.splitlines()
    assert len(told) == 1, told[:9]
    assert "Too many open files" in told[0]
    assert "tried again every second" in told[0]


def connected(place: SplitResult) -> socket.socket:
    assert place.port is not None
    return socket.create_connection((place.hostname, place.port), 30.0)


def is_answered(connection: socket.socket, asked: bytes) -> bool:
    """Whether the server answers over it; it is closed then."""
    with connection:
        connection.sendall(asked)
        return connection.recv(9) == b"HTTP/1.1 "


def test_what_else_nobody_has_caught_is_told_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    try:
        tells = TellsSeldom()
        for _ in range(2):
            tells(loop, {"message": "a fault of ours"})
    finally:
        loop.close()
    assert [record.message for record in caplog.records] == ["a fault of ours"] * 2
