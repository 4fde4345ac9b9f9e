"""An engine that had no file left for a moment takes commands again, and says that it could not."""

from __future__ import annotations

import json
import resource
import socket
from itertools import count
from pathlib import Path
from threading import Event

from cli.exit_codes import ExitCode
from reading.books import stored_books
from reading.engine_lock import LOCK
from tests.cli.support import Cli
from tests.cli.test_live import running


def first_unused(pid: int) -> int:
    """The number of the next file that a process would open."""
    used = {int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()}
    return next(number for number in count() if number not in used)


def test_commands_are_taken_again_after_the_process_had_no_file_left(tmp_path: Path, cli: Cli) -> None:
    with running(tmp_path) as house:
        pid, pause = house.engine.pid, Event()
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        where = json.loads((house.data / LOCK).read_text("utf-8"))["socket"]
        with socket.socket(socket.AF_UNIX) as waiting:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (first_unused(pid), before[1]))
            try:
                waiting.connect(where)
                pause.wait(1.0)
            finally:
                resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
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
