"""An engine that had no file left for a moment takes commands again, and says that it could not."""

from __future__ import annotations

import json
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from cli.exit_codes import ExitCode
from reading.books import stored_books
from reading.engine_lock import LOCK
from tests.cli.support import Cli
from tests.cli.test_live import running

STANDARD_STREAMS = 3


@contextmanager
def no_file_left(pid: int) -> Iterator[None]:
    """Meanwhile the process can open nothing; what it has open stays."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (STANDARD_STREAMS, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def test_commands_are_taken_again_after_the_process_had_no_file_left(tmp_path: Path, cli: Cli) -> None:
    with running(tmp_path) as house:
        pid, pause = house.engine.pid, Event()
        where = json.loads((house.data / LOCK).read_text("utf-8"))["socket"]
        with socket.socket(socket.AF_UNIX) as waiting:
            with no_file_left(pid):
                waiting.connect(where)
                pause.wait(1.0)
            status = house.typed(cli, "status")
        assert (status.code, status.err) == (ExitCode.OK, "")
        for _ in range(500):
            told = [each for each in stored_books(house.data).alerts if each.code == "control_socket_deaf"]
            if len(told) == 2:
                break
            pause.wait(0.02)
        assert [("Too many open files" in each.text, "taken again" in each.text) for each in told] == [
            (True, False),
            (False, True),
        ]
