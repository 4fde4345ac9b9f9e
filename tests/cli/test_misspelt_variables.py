"""A variable whose name is misspelt: every command says so, and none is kept from its work by it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from cli.exit_codes import ExitCode
from cli.preflight import settings
from cli.preflight.line import LineState
from config import load_settings
from core.errors import InputError
from core.kill_file import KILL_FILE_NAME
from gateway.live.settings import settings_from
from reading.engine_lock import LOCK
from tests.cli.support import ROOT, Cli
from tests.cli.test_live import running

MISSPELT = "CERBERO_BITE_ENABLE_STRATGY"
TOLD = f"{MISSPELT}: no variable of that name is read, did you mean CERBERO_BITE_ENABLE_STRATEGY?"
BASE = {"CERBERO_BITE_MCP_URL": "https://upstream.test", "CERBERO_BITE_MCP_TOKEN": "s3cret"}


@pytest.mark.parametrize(
    "command", [("config", "schema"), ("gateway", "token"), ("state", "trades", "--json")]
)
def test_every_command_says_so_beside_its_answer(cli: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    cli.set(DATA_DIR=str(tmp_path))
    without = cli(*command)
    cli.monkeypatch.setenv(MISSPELT, "true")
    ran = cli(*command)
    assert ran.err == f"warning: {TOLD}\n{without.err}"
    assert ran.code == without.code
    assert bool(ran.out) == bool(without.out)


def test_what_is_no_command_is_answered_as_ever(cli: Cli) -> None:
    cli.monkeypatch.setenv(MISSPELT, "true")
    for words in ((), ("--version",), ("--help",), ("nothing",)):
        assert TOLD not in cli(*words).err


def test_nothing_of_its_value_is_repeated(cli: Cli) -> None:
    cli.monkeypatch.setenv("CERBERO_BITE_MCP_TOKN", "s3cret")
    ran = cli("config", "schema")
    assert "CERBERO_BITE_MCP_TOKN" in ran.err
    assert "s3cret" not in ran.err


def test_an_arming_is_on_disk_before_it_is_said(tmp_path: Path) -> None:
    """Nobody may read the words: a terminal that is held, a pipe that is full."""
    (tmp_path / LOCK).touch()
    read, write = os.pipe()
    os.write(write, b"x" * fcntl.fcntl(write, fcntl.F_GETPIPE_SZ))
    command = [
        sys.executable,
        str(ROOT / "run.py"),
        "kill-switch",
        "arm",
        "--reason",
        "x",
        "--data-dir",
        str(tmp_path),
    ]
    try:
        arming = subprocess.Popen(
            command, env=os.environ | {MISSPELT: "true"}, stdout=subprocess.DEVNULL, stderr=write
        )
        os.close(write)
        pause = Event()
        for _ in range(500):
            if (tmp_path / KILL_FILE_NAME).exists():
                break
            pause.wait(0.02)
        assert (tmp_path / KILL_FILE_NAME).exists()
        # Once somebody reads, the rest of its words comes.
        said = b""
        while part := os.read(read, 65_536):
            said += part
        assert TOLD in said.decode()
        assert arming.wait(20) is not None
    finally:
        os.close(read)


def test_an_engine_starts_all_the_same_and_has_it_in_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At night nobody corrects a name, and an engine that is down watches no position."""
    monkeypatch.setenv("CERBERO_BIT_HEARTBEAT_URL", "https://x.test")
    with running(tmp_path) as house:
        log = "".join(path.read_text("utf-8") for path in (house.data / "log").iterdir())
    logged = [json.loads(line) for line in log.splitlines()]
    (told,) = [each for each in logged if "no variable of that name" in each["event"]]
    assert told["level"] == "warning"
    assert "did you mean CERBERO_BITE_HEARTBEAT_URL?" in told["event"]


def test_preflight_finds_a_misspelt_one_not_in_order_and_another_programs_one_to_look_at() -> None:
    misspelt = settings.variables(load_settings(BASE | {MISSPELT: "true"}))
    assert (misspelt.state, misspelt.found) == (LineState.NOT, TOLD)
    another = settings.variables(load_settings(BASE | {"CERBERO_BITE_XYZZY": "true"}))
    assert another.state is LineState.LOOK
    assert "CERBERO_BITE_XYZZY" in another.found


def test_the_gateway_names_the_one_that_was_meant() -> None:
    with pytest.raises(InputError, match=r"found an unknown one; did you mean CERBERO_GATEWAY_HOLDINGS\?$"):
        settings_from({"CERBERO_GATEWAY_HOLDING": "x"}, lambda _env, _name: "")
    with pytest.raises(InputError, match=r"found an unknown one$"):
        settings_from({"CERBERO_GATEWAY_XYZZY": "x"}, lambda _env, _name: "")


def test_a_command_that_cant_read_its_settings_names_it_too(cli: Cli) -> None:
    cli.monkeypatch.setenv("CERBERO_BITE_MCP_ULR", "http://127.0.0.1:1")
    ran = cli("config", "env")
    assert ran.code == ExitCode.BAD_INPUT
    assert "did you mean CERBERO_BITE_MCP_URL?" in ran.err
