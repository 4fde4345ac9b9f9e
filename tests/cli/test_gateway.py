"""The gateway's commands, by themselves and against the simulated venue as a person starts them."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gateway.live.events.calendar import read_calendar
from tests.cli.support import Cli
from tests.gateway.imagined_calendar import calendar_around
from tests.gateway.live.test_calendar_import import ICS
from tests.gateway.served import RUN, serving

TOKEN = "a-token-of-the-tests-of-the-gateway"


def test_a_token_is_new_each_time_and_long_enough(cli: Cli) -> None:
    first, second = cli("gateway", "token").out.strip(), cli("gateway", "token").out.strip()
    assert first != second
    assert len(first) >= 32


def test_without_a_token_the_gateway_does_not_start(cli: Cli) -> None:
    ran = cli("gateway")
    assert ran.code == 2
    assert "CERBERO_GATEWAY_TOKEN: expected at least 32 printable characters" in ran.err


def test_the_command_writes_what_the_gateway_reads_and_shows_what_changes(cli: Cli, tmp_path: Path) -> None:
    ics = tmp_path / "bls.ics"
    ics.write_bytes(ICS.encode())
    ran = cli("gateway", "calendar", "--import", ics, "--source", "https://www.bls.gov/")
    assert (ran.code, "2027-02-10 13:30Z CPI: only in the file" in ran.err) == (0, True)
    path = tmp_path / "new.yaml"
    path.write_text(ran.out, "utf-8")
    assert read_calendar(path).valid_through == date(2027, 1, 31)
    cli.monkeypatch.setenv("CERBERO_GATEWAY_CALENDAR", str(path))
    again = cli("gateway", "calendar", "--check", "--import", ics)
    assert (again.code, again.out.startswith("3 known releases")) == (0, True)
    assert cli("gateway", "calendar", "--import", ics).code == 2, "no source is named"
    holed = cli("gateway", "calendar", "--check")
    assert (holed.code, "warning: no CPI in 2027-01" in holed.out) == (1, True)


@pytest.mark.soak
def test_simulated_venue_gateway_and_engine_find_each_other(tmp_path: Path) -> None:
    calendar = calendar_around(datetime.now(UTC).date(), tmp_path)
    state = {
        "CERBERO_GATEWAY_TOKEN": TOKEN,
        "CERBERO_GATEWAY_STATE_DIR": str(tmp_path),
        "CERBERO_GATEWAY_CALENDAR": str(calendar),
    }
    with serving("gateway", "sim", "--port", "0", "--data-dir", str(tmp_path / "sim")) as simulated:
        checked = subprocess.run(
            [*RUN, "gateway", "check"],
            env=os.environ | simulated | state,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert (checked.returncode, checked.stdout.count(" yes ")) == (0, 15)
        with serving("gateway", **simulated, **state, CERBERO_GATEWAY_PORT="0") as gateway:
            token = {"CERBERO_BITE_MCP_TOKEN": TOKEN}
            pinged = subprocess.run(
                [*RUN, "ping"],
                env=os.environ | gateway | token,
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            assert (pinged.returncode, pinged.stdout.count("  yes  ")) == (0, 5)
