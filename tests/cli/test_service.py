"""What the service manager is told: ready once commands are heard, and alive only while nothing hangs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from actors.runtime import CellState, CellStatus
from cli.sd_notify import Notifier, status_line, watchdog_period_s
from cli.service import STATUS_EVERY_S, Service
from config import write_hash
from reading.engine_lock import running_engine
from tests.cli.support import ROOT, ended, started
from tests.cli.test_live import TOKEN, address_of
from tests.fakes.engine import cell

PATIENCE_S = 60.0


class Manager:
    """The manager's end of the socket, in a folder or abstract."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1) if address.startswith("@") else address)
        self._socket.settimeout(PATIENCE_S)

    def heard(self) -> list[str]:
        """The lines of the next message."""
        return self._socket.recv(65_536).decode().split("\n")

    def heard_at_once(self) -> list[str]:
        """The lines of the message that is there already; none if there is none."""
        self._socket.settimeout(0.0)
        try:
            return self.heard()
        except BlockingIOError:
            return []
        finally:
            self._socket.settimeout(PATIENCE_S)

    def close(self) -> None:
        self._socket.close()


@contextmanager
def managed(address: str) -> Iterator[Manager]:
    manager = Manager(address)
    try:
        yield manager
    finally:
        manager.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with managed(str(tmp_path / "notify")) as manager:
        yield manager


def part(path: str, busy_for_s: float = 0.0, state: CellState = CellState.UP) -> CellStatus:
    name = path.rpartition("/")[2]
    return replace(
        cell(name, state), path=path, busy_with="Message", busy_for_s=busy_for_s, hang_limit_s=20.0
    )


class Desk:
    """A service whose clock and parts the test sets."""

    def __init__(self, manager: Manager, watchdog_s: float | None = 30.0) -> None:
        self.parts = [part("root/books/state"), part("root/feeds/mcp.macro"), part("root/desk/control")]
        self.now_s = 1000.0
        env = {"NOTIFY_SOCKET": manager.address}
        if watchdog_s is not None:
            env["WATCHDOG_USEC"] = str(int(watchdog_s * 1e6))
        self.service = Service(lambda: self.parts, "strategy", env, lambda: self.now_s)

    def look_later(self) -> None:
        self.now_s += STATUS_EVERY_S
        self.service.look()


def test_it_is_ready_when_control_is_up_and_says_so_once(manager: Manager) -> None:
    desk = Desk(manager)
    up, desk.parts[2] = desk.parts[2], part("root/desk/control", state=CellState.STARTING)
    desk.look_later()
    assert manager.heard_at_once() == ["STATUS=mode strategy; control is starting", "WATCHDOG=1"]
    desk.parts[2] = up
    desk.look_later()
    assert manager.heard_at_once() == ["READY=1", "STATUS=mode strategy; every part works", "WATCHDOG=1"]
    desk.look_later()
    assert manager.heard_at_once() == ["WATCHDOG=1"]


@pytest.mark.parametrize("path", ["root/books/state", "root/desk/decision", "root/desk/control"])
def test_a_part_that_is_busy_beyond_its_limit_ends_the_signs_of_life(manager: Manager, path: str) -> None:
    desk = Desk(manager)
    desk.parts.append(part(path, 20.0))
    desk.look_later()
    assert "WATCHDOG=1" in manager.heard_at_once(), "at its limit, not beyond"
    desk.parts[-1] = part(path, 20.1)
    desk.look_later()
    name = path.rpartition("/")[2]
    assert manager.heard_at_once() == [
        f"STATUS=mode strategy; hangs: {name} has been busy with Message for 20 s"
    ]
    desk.look_later()
    assert manager.heard_at_once() == []
    desk.parts.pop()
    desk.look_later()
    assert "WATCHDOG=1" in manager.heard_at_once(), "it has come back"


def test_a_feed_that_is_slow_is_no_reason_to_be_killed(manager: Manager) -> None:
    desk = Desk(manager)
    desk.parts.append(part("root/feeds/mcp.deribit", 1e6))
    desk.look_later()
    assert "WATCHDOG=1" in manager.heard_at_once()


def test_a_manager_that_watches_nothing_gets_no_signs_of_life(manager: Manager) -> None:
    desk = Desk(manager, watchdog_s=None)
    desk.look_later()
    assert manager.heard_at_once() == ["READY=1", "STATUS=mode strategy; every part works"]
    desk.look_later()
    assert manager.heard_at_once() == []


def test_it_looks_three_times_in_a_short_period(manager: Manager) -> None:
    desk = Desk(manager, watchdog_s=3.0)
    desk.service.look()
    manager.heard_at_once()
    for later_s, heard in ((0.9, []), (0.2, ["WATCHDOG=1"]), (0.5, [])):
        desk.now_s += later_s
        desk.service.look()
        assert manager.heard_at_once() == heard


def test_a_manager_that_is_gone_or_does_not_read_holds_nothing_up(manager: Manager) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.address})
    for _ in range(2000):
        notifier.tell("STATUS=" + "x" * 4000)
    manager.close()
    notifier.tell("WATCHDOG=1")
    assert not Notifier({}).is_heard
    assert not Notifier({"NOTIFY_SOCKET": "relative"}).is_heard


def test_a_socket_in_no_folder_is_heard() -> None:
    with managed(f"@cerbero-bite-test-{os.getpid()}") as manager:
        Notifier({"NOTIFY_SOCKET": manager.address}).tell("READY=1")
        assert manager.heard_at_once() == ["READY=1"]


@pytest.mark.parametrize(
    ("env", "period_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        *(({"WATCHDOG_USEC": text}, None) for text in ("", "0", "-1", "1.5", "soon", "٣", "9" * 5000)),
    ],
)
def test_the_manager_says_whom_it_watches_and_how_closely(
    env: dict[str, str], period_s: float | None
) -> None:
    assert watchdog_period_s(env) == period_s


def test_a_status_is_one_line_and_short() -> None:
    assert status_line("a\nREADY=1\r\n b") == "STATUS=a READY=1 b"
    assert len(status_line("x" * 10_000)) < 600


def test_the_real_engine_is_ready_when_its_socket_listens_and_stops_as_asked(manager: Manager) -> None:
    folder = Path(manager.address).parent
    shutil.copy(ROOT / "strategy.yaml", folder / "strategy.yaml")
    write_hash(folder / "strategy.yaml")
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CERBERO_BITE_")}
    with ExitStack() as stack:
        venue = started("venue", "--port", "0", "--data-dir", folder / "venue", MCP_TOKEN=TOKEN)
        stack.callback(ended, venue)
        stack.callback(venue.send_signal, signal.SIGTERM)
        engine = subprocess.Popen(
            [sys.executable, str(ROOT / "run.py"), "start", "--strategy", str(folder / "strategy.yaml")],
            env=ours
            | {
                "CERBERO_BITE_MCP_URL": address_of(venue),
                "CERBERO_BITE_MCP_TOKEN": TOKEN,
                "CERBERO_BITE_DATA_DIR": str(folder / "data"),
                "NOTIFY_SOCKET": manager.address,
                "WATCHDOG_USEC": "600000",
            },
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        stack.callback(engine.kill)
        first = manager.heard()
        assert first[0] == "READY=1"
        running = running_engine(folder / "data")
        assert running is not None
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(running.socket))
        assert "WATCHDOG=1" in [*first, *manager.heard()]
        assert any("WATCHDOG=1" in manager.heard() for _ in range(3)), "it goes on"
        engine.send_signal(signal.SIGTERM)
        while "STOPPING=1" not in (last := manager.heard()):
            pass
        assert last[1] == "STATUS=stopping: SIGTERM"
        assert ended(engine).code == 0
