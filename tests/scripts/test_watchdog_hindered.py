"""The watchdog where something is missing: it says so, and watches as well as it still can."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fakes.webhook import Webhook
from tests.scripts.test_watchdog import SHELLS, WATCHDOG, Yard


@pytest.fixture(params=SHELLS)
def yard(request: pytest.FixtureRequest, tmp_path: Path) -> Yard:
    return Yard(tmp_path, request.param, WATCHDOG_LOOKS="2")


def test_a_disk_that_is_full_does_not_keep_it_from_counting(yard: Yard) -> None:
    """Then the engine can't write its heartbeat either, and that is what it is there to tell."""
    yard.beat()
    yard.look()
    (yard.data / "watchdog.draft").mkdir()
    found = [yard.look() for _ in range(4)]
    assert [look.returncode for look in found] == [0, 1, 1, 1]
    assert [look.stdout.count("stands still") for look in found] == [0, 1, 0, 0]
    (yard.data / "watchdog.draft").rmdir()
    yard.beat()
    assert "beats again" in yard.look().stdout


@pytest.mark.parametrize("line", ["alive life-1 ", "\talive", "alive life-1 2026\\", "", "\0\0\0", " "])
def test_a_heartbeat_that_is_torn_stands_still_as_any_other(yard: Yard, line: str) -> None:
    (yard.data / "heartbeat").write_bytes(line.encode())
    assert yard.codes(4)[-1] == 1


def test_a_data_folder_with_spaces_and_quotes_in_its_name_is_watched(tmp_path: Path) -> None:
    folder = tmp_path / "my data 'folder' $(x) *"
    folder.mkdir()
    yard = Yard(folder, SHELLS[0], WATCHDOG_LOOKS="1", WATCHDOG_KILL="yes")
    yard.beat()
    assert yard.codes(2) == [0, 1]
    assert (folder / "KILL").exists()


def without_curl(tmp_path: Path) -> Path:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("head", "cut", "tr", "uname", "date", "mv", "cat", "sh", "dash"):
        found = shutil.which(name)
        if found is not None:
            (tools / name).symlink_to(found)
    return tools


def test_without_curl_it_says_so_at_every_look_and_not_only_when_the_engine_is_dead(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    yard = Yard(data, SHELLS[0])
    yard.beat()
    found = subprocess.run(
        [shutil.which(SHELLS[0]) or "", str(WATCHDOG), str(data)],
        env={"PATH": str(without_curl(tmp_path)), "CERBERO_BITE_WATCHDOG_URL": "http://127.0.0.1:9/x"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert found.returncode == 2
    assert "curl" in found.stderr
    assert (data / "watchdog").exists()


def test_the_crontab_line_at_its_head_hands_the_variables_of_a_plain_file_on(tmp_path: Path) -> None:
    """Lines such as `A=b`, which compose reads too: a shell that only reads them keeps them to itself."""
    with Webhook() as hook:
        env_file = tmp_path / "cerbero-bite.env"
        env_file.write_text(
            f"CERBERO_BITE_WATCHDOG_URL={hook.url}\nCERBERO_BITE_WATCHDOG_LOOKS=1\n", encoding="utf-8"
        )
        data = tmp_path / "data"
        data.mkdir()
        Yard(data, SHELLS[0]).beat()
        [line] = [
            each
            for each in WATCHDOG.read_text(encoding="utf-8").splitlines()
            if each.startswith("#   * * * * *")
        ]
        command = line.removeprefix("#   * * * * *").replace("/etc/cerbero-bite.env", str(env_file))
        command = command.replace("/opt/cerbero-bite/scripts/watchdog.sh", str(WATCHDOG))
        command = command.replace("/var/lib/cerbero-bite", str(data))
        for _ in range(2):
            subprocess.run(
                ["/bin/sh", "-c", command], env={"PATH": os.environ["PATH"]}, check=False, timeout=60
            )
    assert len(hook.requests) == 1
