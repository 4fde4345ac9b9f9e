"""The watchdog beside the engine: a shell, a file, and somebody to tell."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from actors.heartbeat import HeartbeatFile
from core.kill_file import parse_kill_file
from tests.cli.support import ROOT
from tests.fakes.webhook import Webhook

WATCHDOG = ROOT / "scripts" / "watchdog.sh"
SHELLS = [shell for shell in ("dash", "sh", "busybox") if shutil.which(shell)]
AT = datetime(2026, 1, 5, 14, tzinfo=UTC)
TOKEN = "123456:AAbbCC-secret_token"


class Yard:
    """A data folder with an engine that beats when it is told to, and the watchdog."""

    def __init__(self, data: Path, shell: str, **variables: str) -> None:
        self.data = data
        self.beats = 0
        self.file = HeartbeatFile(data, 4711)
        self.variables = variables
        self._shell = [shell, "sh"] if shell == "busybox" else [shell]
        (data / "cerbero.db").touch()

    def beat(self) -> None:
        self.beats += 1
        self.file.beat(f"life-{self.beats}", AT, well=True)

    def look(self, **variables: str) -> subprocess.CompletedProcess[str]:
        known = {f"CERBERO_BITE_{name}": value for name, value in (self.variables | variables).items()}
        return subprocess.run(
            [*self._shell, str(WATCHDOG), str(self.data)],
            env={"PATH": os.environ["PATH"], **known},
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )

    def codes(self, looks: int) -> list[int]:
        return [self.look().returncode for _ in range(looks)]


@pytest.fixture(params=SHELLS)
def yard(request: pytest.FixtureRequest, tmp_path: Path) -> Yard:
    return Yard(tmp_path, request.param, WATCHDOG_LOOKS="2")


def test_a_heart_that_beats_is_well_and_one_that_stands_still_is_told_once(yard: Yard) -> None:
    for _ in range(4):
        yard.beat()
        assert yard.look().stdout == ""
    assert yard.codes(1) == [0]
    stale = yard.look()
    assert stale.returncode == 1
    assert "stands still for 2 looks. Last beat: alive life-4" in stale.stdout
    again = yard.look()
    assert (again.returncode, again.stdout) == (1, "")
    yard.beat()
    back = yard.look()
    assert back.returncode == 0
    assert "beats again" in back.stdout
    assert not (yard.data / "KILL").exists()


def test_an_engine_that_was_stopped_in_good_order_is_no_alarm(yard: Yard) -> None:
    yard.beat()
    yard.file.stopped(AT, "asked by the operator")
    looks = [yard.look() for _ in range(4)]
    assert [(look.returncode, look.stdout) for look in looks] == [(0, "")] * 4


def test_where_it_is_set_the_engine_is_armed_too_and_an_arming_that_is_there_stays(yard: Yard) -> None:
    yard.variables["WATCHDOG_KILL"] = "yes"
    yard.beat()
    assert yard.codes(3) == [0, 0, 1]
    found = parse_kill_file((yard.data / "KILL").read_bytes())
    assert (found.rest, found.armings[0].who) == (b"", "watchdog")
    (yard.data / "KILL").write_bytes(b"mine")
    yard.beat()
    assert yard.codes(3) == [0, 0, 1]
    assert (yard.data / "KILL").read_bytes() == b"mine"


def test_a_folder_without_an_engine_is_no_alarm(yard: Yard) -> None:
    (yard.data / "cerbero.db").unlink()
    assert yard.codes(4) == [0] * 4


def test_books_without_a_heartbeat_are_an_alarm(yard: Yard) -> None:
    assert yard.codes(3) == [0, 0, 1]


def test_a_time_that_is_set_alerts_nobody(yard: Yard) -> None:
    """The looks are counted; neither the file's time nor the clock is read."""
    for _ in range(4):
        yard.beat()
        os.utime(yard.data / "heartbeat", (0, 0))
        assert yard.look().returncode == 0


def test_an_alert_goes_to_telegram_and_to_a_webhook_and_no_secret_to_the_arguments(tmp_path: Path) -> None:
    with Webhook() as hook:
        yard = Yard(
            tmp_path,
            SHELLS[0],
            WATCHDOG_LOOKS="1",
            WATCHDOG_URL=f"{hook.url}/s3cret",
            TELEGRAM_BOT_TOKEN=TOKEN,
            TELEGRAM_CHAT_ID="-100",
            TELEGRAM_API_URL=hook.url,
        )
        yard.file.beat('"x\\" $(rm)', AT, well=True)
        yard.look()
        told = yard.look()
    assert told.returncode == 1
    assert [path for _, path, _ in hook.requests] == ["/s3cret", f"/bot{TOKEN}/sendMessage"]
    assert '"text": "Cerbero Bite watchdog' in hook.requests[0][2]
    form = parse_qs(hook.requests[1][2])
    assert form["chat_id"] == ["-100"]
    assert "stands still" in form["text"][0]
    assert TOKEN not in told.stdout + told.stderr


def test_an_alert_that_nobody_took_is_told_again_at_the_next_look(tmp_path: Path) -> None:
    with Webhook() as hook:
        yard = Yard(tmp_path, SHELLS[0], WATCHDOG_LOOKS="1", WATCHDOG_URL=hook.url)
        hook.statuses.append(503)
        yard.beat()
        yard.look()
        assert [yard.look().returncode for _ in range(3)] == [2, 1, 1]
    assert len(hook.requests) == 2


@pytest.mark.parametrize("looks", ["0", "-1", "x", "1.5"])
def test_a_number_of_looks_that_is_none_is_refused(tmp_path: Path, looks: str) -> None:
    ran = Yard(tmp_path, SHELLS[0]).look(WATCHDOG_LOOKS=looks)
    assert ran.returncode == 2
    assert "CERBERO_BITE_WATCHDOG_LOOKS" in ran.stderr
