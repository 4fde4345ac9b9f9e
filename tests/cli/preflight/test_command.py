"""`run.py preflight` as a whole: every line once, against a venue and against nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.preflight.line import IN_ORDER, PreflightCheck
from gateway.paper.launch import PaperVenueConfig, VenueProcess, start_process
from tests.cli.support import Cli

TOKEN = "s3cret-token"


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """The paper venue in real time."""
    folder = tmp_path_factory.mktemp("venue")
    process = start_process(PaperVenueConfig(token=TOKEN, data_dir=folder, driven=False))
    yield process
    process.stop()


def states(out: str) -> dict[str, str]:
    return {line["check"]: line["state"] for line in json.loads(out)}


def test_against_a_venue_everything_is_looked_at(
    cli: Cli, venue: VenueProcess, strategy_file: Path, tmp_path: Path
) -> None:
    cli.monkeypatch.chdir(tmp_path)
    cli.set(MCP_URL=venue.url, MCP_TOKEN=TOKEN, ENABLE_STRATEGY="true")
    data = tmp_path / "data"
    ran = cli("preflight", "--strategy", strategy_file, "--data-dir", data, "--json")
    found = states(ran.out)
    assert list(found) == [check.value for check in PreflightCheck]
    differing = {check: state for check, state in found.items() if state != "ok"}
    assert differing == {
        "secrets": "not checked",
        "exits when armed": "look",
        "anchor": "look",
        "channels": "not",
        "heartbeat": "look",
    }
    assert ran.code == 1
    assert ran.err.strip() == "error: not in order: channels"
    assert not data.exists()


def test_a_refused_token_ends_with_1_and_is_not_shown(
    cli: Cli, venue: VenueProcess, strategy_file: Path, tmp_path: Path
) -> None:
    cli.set(MCP_URL=venue.url, MCP_TOKEN="another-s3cret")
    ran = cli("preflight", "--strategy", strategy_file, "--data-dir", tmp_path / "data", "--json")
    assert ran.code == 1
    found = states(ran.out)
    assert found["token"] == "not"
    assert found["positions"] == "not checked"
    assert "another-s3cret" not in ran.out + ran.err


def test_without_settings_the_folder_is_looked_at_all_the_same(cli: Cli, tmp_path: Path) -> None:
    ran = cli("preflight", "--strategy", tmp_path / "none.yaml", "--data-dir", tmp_path / "data", "--json")
    assert ran.code == 1
    found = states(ran.out)
    assert (found["variables"], found["strategy"], found["data folder"]) == ("not", "not", "ok")
    assert found["token"] == "not checked"


def test_a_file_that_holds_no_certificate_is_named_as_the_reason_of_what_waits_for_it(
    cli: Cli, strategy_file: Path, tmp_path: Path
) -> None:
    """Settings and strategy were read, and the heartbeat needs neither."""
    (tmp_path / "ca.pem").write_text("none", "utf-8")
    cli.set(MCP_URL="https://127.0.0.1:1", MCP_TOKEN=TOKEN, CA_FILE=str(tmp_path / "ca.pem"))
    ran = cli("preflight", "--strategy", strategy_file, "--data-dir", tmp_path / "data", "--json")
    found = {line["check"]: line for line in json.loads(ran.out)}
    assert list(found) == [check.value for check in PreflightCheck]
    assert found["routers"]["state"] == "not"
    assert str(tmp_path / "ca.pem") in found["routers"]["found"]
    for check in ("token", "capital", "positions", "channels"):
        assert (found[check]["state"], found[check]["found"]) == (
            "not checked",
            "the certificates that are trusted could not be read",
        )
    assert found["heartbeat"]["state"] == "look"


def test_the_table_is_for_people(cli: Cli, tmp_path: Path) -> None:
    out = cli("preflight", "--strategy", tmp_path / "none.yaml", "--data-dir", tmp_path / "data").out
    assert out.splitlines()[0].split() == ["check", "state", "found", "what", "to", "do"]


def test_every_check_says_when_it_is_in_order() -> None:
    assert set(IN_ORDER) == set(PreflightCheck)
