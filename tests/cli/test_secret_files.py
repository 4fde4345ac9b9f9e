"""A secret in a file is masked as one in a variable is, and takes its place in every command."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from cli.views.say import say
from tests.cli.support import Cli, ended, started

TOKEN = "s3cret-token-of-a-file"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n", "utf-8")
    path.chmod(0o440)
    return path


def test_what_is_in_the_file_is_masked(
    cli: Cli, token_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.set(MCP_TOKEN_FILE=str(token_file))
    say(f"it answered {TOKEN}", f"and {TOKEN.upper()}")
    assert capsys.readouterr().out == "it answered ***\nand ***\n"


@pytest.mark.parametrize("kind", ["folder", "pipe", "missing"])
def test_what_can_t_be_read_masks_nothing_and_holds_nothing_up(
    cli: Cli, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that arms must say its words whatever the variable names."""
    named = tmp_path / kind
    if kind == "folder":
        named.mkdir()
    elif kind == "pipe":
        os.mkfifo(named)
    cli.set(MCP_TOKEN_FILE=str(named))
    say("armed")
    assert capsys.readouterr().out == "armed\n"


def test_config_env_shows_the_file_and_never_what_is_in_it(cli: Cli, token_file: Path) -> None:
    cli.set(MCP_URL="http://127.0.0.1:1", MCP_TOKEN_FILE=str(token_file))
    ran = cli("config", "env")
    assert ran.code == 0, ran.err
    assert str(token_file) in "".join(ran.out.split())
    assert TOKEN not in ran.out + ran.err


def test_ping_and_start_take_it_and_refuse_both(cli: Cli, tmp_path: Path, token_file: Path) -> None:
    cli.set(MCP_URL="http://127.0.0.1:1", MCP_TOKEN="another", MCP_TOKEN_FILE=str(token_file))
    for command in ("ping", "start", "dry-run", "venue"):
        folder = () if command == "ping" else ("--data-dir", tmp_path / "data")
        ran = cli(command, *folder)
        assert ran.code == 2, command
        assert "CERBERO_BITE_MCP_TOKEN_FILE, found both set" in ran.err
    cli.unset("MCP_TOKEN")
    assert cli("ping").code == 1, "nobody answers there, but the token is one"


def test_the_venue_takes_its_token_from_the_same_file(tmp_path: Path, token_file: Path) -> None:
    venue = started("venue", "--port", "0", "--data-dir", tmp_path / "venue", MCP_TOKEN_FILE=str(token_file))
    try:
        assert venue.stdout is not None
        said = [venue.stdout.readline(), venue.stdout.readline()]
        venue.send_signal(signal.SIGTERM)
    finally:
        ended(venue)
    assert said[1] == "CERBERO_BITE_MCP_TOKEN=(as in the environment)\n"
