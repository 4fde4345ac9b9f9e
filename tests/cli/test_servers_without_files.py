"""A server of ours that had no file left for a moment serves again, and has said so in a line."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest

from gateway.shell.accepting import TellsSeldom
from tests.cli.support import ended, started
from tests.cli.test_deaf_socket import first_unused
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
    place = urlsplit(address_of(server))
    assert place.hostname is not None
    assert place.port is not None
    before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (first_unused(server.pid), before[1]))
    with socket.create_connection((place.hostname, place.port), 30.0) as waiting:
        Event().wait(SHORT_S)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)
        waiting.sendall(f"GET / HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
        assert waiting.recv(9) == b"HTTP/1.1 "
    server.send_signal(signal.SIGTERM)
    told = ended(server).err.splitlines()
    assert [("Too many open files" in line, "tried again" in line) for line in told] == [(True, True)], told[
        :9
    ]


def test_what_else_nobody_has_caught_is_told_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    try:
        tells = TellsSeldom()
        for _ in range(2):
            tells(loop, {"message": "a fault of ours"})
    finally:
        loop.close()
    assert [record.message for record in caplog.records] == ["a fault of ours"] * 2
