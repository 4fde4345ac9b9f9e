"""Every kind of error has its exit code, and is one clear line on stderr without a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import core.errors
from actors.control.wire import ControlAnswer
from actors.state.database import open_database
from cli.exit_codes import ExitCode, exit_code_of
from cli.main import COMMANDS, GROUPS
from cli.start import start
from core.errors import CerberoError, EngineNotRunningError, InputError, McpRateLimitError
from reading import control_client
from reading import engine_status as asked
from reading.engine_lock import LOCK
from tests.cli.support import Cli, started
from tests.fakes.held_folder import held_folder
from tests.fakes.whole_books import make_whole_books

GROUP_COMMANDS = {
    "alert": ("test",),
    "audit": ("verify", "tail", "show"),
    "config": ("validate", "hash", "show", "schema", "env"),
    "contract": ("check",),
    "data": ("check", "sample", "export"),
    "gateway": ("check", "calendar", "token", "sim", "demo"),
    "kill-switch": ("status", "arm", "disarm"),
    "phone": ("secret",),
    "state": ("positions", "orders", "cycles", "trades"),
    "strategy": ("explain",),
}


def test_an_interruption_that_no_command_answers_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes while the commands are imported, or when one has ended."""

    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.main.main", interrupted)
    assert start() == 130


def test_input_is_2_a_missing_engine_is_3_and_all_else_was_found_wrong() -> None:
    errors = [
        value
        for value in vars(core.errors).values()
        if isinstance(value, type) and issubclass(value, CerberoError)
    ]
    assert len(errors) > 10
    for error in errors:
        made = error("x", 1.0) if error is McpRateLimitError else error("x")
        if issubclass(error, InputError):
            assert exit_code_of(made) is ExitCode.BAD_INPUT
        elif issubclass(error, EngineNotRunningError):
            assert exit_code_of(made) is ExitCode.NOT_RUNNING
        else:
            assert exit_code_of(made) is ExitCode.FOUND_WRONG


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_shows_an_example(cli: Cli, command: str) -> None:
    ran = cli(command, "--help")
    assert ran.code == 0
    assert f"run.py {command}" in " ".join(ran.out.split())


@pytest.mark.parametrize(("group", "command"), [(g, c) for g, cs in GROUP_COMMANDS.items() for c in cs])
def test_each_help_of_a_group_shows_an_example(cli: Cli, group: str, command: str) -> None:
    ran = cli(group, command, "--help")
    assert ran.code == 0
    assert f"run.py {group} {command}" in " ".join(ran.out.split())


def test_every_group_is_listed_above() -> None:
    assert set(GROUPS) == {*GROUP_COMMANDS, "calc"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nonsense"], 2, "No such command"),
        (["paper", "--days", "many"], 2, "--days"),
        (["paper", "--between", "guess"], 2, "move or hold"),
        (["paper", "--speed", "inf"], 2, "--speed"),
        (["paper", "--json", "empty"], 2, "found a folder"),
        (["state", "orders", "-n", "9" * 30], 2, "--limit"),
        (["audit", "tail", "-n", "9" * 30], 2, "--lines"),
        (["inject", "RunEntryCycle", "--wait", "inf"], 2, "--wait"),
        (["inject", "RunEntryCycle", "--wait", "nan"], 2, "--wait"),
        (["inject", "ArmKillSwitch", "--reason"], 2, "expected a value, found none"),
        (["inject", "ArmKillSwitch", "--bogus"], 2, "unknown field 'bogus'"),
        (["paper", "--json", "missing-folder/out.json"], 2, "existing folder"),
        (["healthcheck"], 3, "no engine runs"),
        (["stop"], 3, "no engine runs"),
        (["inject", "RunEntryCycle"], 3, "no engine runs"),
        (["inject"], 2, "expected a message's name"),
        (["inject", "Nonsense"], 2, "unknown message 'Nonsense'"),
        (["inject", "ClosePosition", "--position", "p"], 2, "expected --reason TEXT, found none"),
        (["inject", "ClosePosition", "p"], 2, "expected --FIELD VALUE"),
        (["inject", "ArmKillSwitch", "--reason", "a", "--reason", "b"], 2, "given twice"),
        (["kill-switch", "disarm", "--reason", "x"], 3, "no engine runs"),
        (["kill-switch", "arm", "--reason", " "], 2, "found a blank"),
        (["kill-switch", "arm", "--reason", "x"], 2, "expected an engine's folder"),
        (["state", "positions"], 2, "expected the books"),
        (["audit", "verify"], 2, "expected an audit log"),
        (["explain", "entry-1"], 2, "expected an audit log"),
        (["trace", "entry-1"], 2, "expected an audit log"),
        (["paper", "--between", "hold"], 2, "expected --chains"),
    ],
)
def test_bad_input_and_missing_engines(
    cli: Cli, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    cli.monkeypatch.chdir(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    takes_folder = arguments[0] not in ("nonsense", "paper")
    ran = cli(*arguments, *(["--data-dir", str(empty)] if takes_folder else []))
    assert ran.code == code, ran.err
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_status_without_an_engine_gives_a_verdict_on_the_folder(cli: Cli, tmp_path: Path) -> None:
    ran = cli("status", "--data-dir", tmp_path)
    assert (ran.code, ran.out.split()[0]) == (3, "LOOK")
    assert "no engine runs" in ran.err
    assert cli("status", "--data-dir", tmp_path / "none").out == ""
    (tmp_path / "cerbero.db").write_bytes(b"no database at all" * 100)
    assert cli("status", "--data-dir", tmp_path).out.startswith("ACT   the books can't be read")


def test_status_of_an_engine_that_says_nothing_gives_its_pid_and_what_to_do(cli: Cli, tmp_path: Path) -> None:
    """A person waited 40 s for it, and was told nothing to type."""
    assert asked.STATUS_S < 10.0
    cli.monkeypatch.setattr(asked, "STATUS_S", 0.1)
    with held_folder(tmp_path, None):
        ran = cli("status", "--data-dir", tmp_path)
        unhealthy = cli("healthcheck", "--data-dir", tmp_path)
    assert (ran.code, ran.out.split()[0]) == (1, "LOOK")
    assert f"kill -KILL {os.getpid()}, then run.py start" in " ".join(ran.out.split())
    assert "docs/runbook.md, 'The engine does not answer'" in ran.err
    assert unhealthy.code == 1
    assert "no answer within" in unhealthy.err


@pytest.mark.parametrize("positions", [False, True])
def test_status_of_an_engine_that_refuses_gives_a_verdict_and_does_not_advise_to_end_it(
    cli: Cli, tmp_path: Path, positions: bool
) -> None:
    """With every place taken it may be as healthy as ever; the first word is wanted all the same."""
    if positions:
        make_whole_books(tmp_path)
    with held_folder(tmp_path, [ControlAnswer(ok=False, error="control: 8 connections are in use")]):
        ran = cli("status", "--data-dir", tmp_path)
    said = " ".join(ran.out.split())
    assert (ran.code, said.split()[0]) == (1, "LOOK")
    assert "8 connections are in use" in said
    assert "kill -KILL" not in said
    assert ran.err == "error: control: 8 connections are in use\n"


def test_status_of_an_engine_whose_socket_is_not_trusted_gives_a_verdict(cli: Cli, tmp_path: Path) -> None:
    """As for root, who looks at the folder of the engine's own user."""
    cli.monkeypatch.setattr(control_client, "peer_uid", lambda _: os.getuid() + 1)
    with held_folder(tmp_path, None):
        ran = cli("status", "--data-dir", tmp_path)
    said = " ".join(ran.out.split())
    assert (ran.code, said.split()[0]) == (1, "LOOK")
    assert f"is served by uid {os.getuid() + 1}" in said
    assert "kill -KILL" not in said


def test_status_of_a_folder_whose_lock_can_not_be_read_gives_a_verdict(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / LOCK).mkdir()
    make_whole_books(tmp_path)
    ran = cli("status", "--data-dir", tmp_path)
    assert (ran.code, ran.out.split()[0]) == (2, "ACT")
    assert "lock can't be read" in " ".join(ran.out.split())


@pytest.mark.parametrize("command", ["start", "dry-run", "ping"])
@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "CERBERO_BITE_MCP_URL"),
        ({"MCP_URL": "http://127.0.0.1:1"}, "CERBERO_BITE_MCP_TOKEN"),
        ({"MCP_URL": "http://127.0.0.1:1", "MCP_TOKEN": "t", "MCP_BOT_TAG": " "}, "MCP_BOT_TAG"),
        ({"MCP_URL": "http://127.0.0.1:1", "MCP_TOKEN": "t", "MCP_BOT_TAG": "x" * 65}, "MCP_BOT_TAG"),
    ],
)
def test_the_environment_is_checked_first(
    cli: Cli, tmp_path: Path, command: str, variables: dict[str, str], said: str
) -> None:
    cli.monkeypatch.chdir(tmp_path)
    cli.set(**variables)
    ran = cli(command)
    assert ran.code == 2
    assert said in ran.err
    assert list(tmp_path.iterdir()) == [], "nothing half done"


def test_a_mode_that_is_no_word_for_yes_or_no_is_refused_by_name(cli: Cli, tmp_path: Path) -> None:
    cli.monkeypatch.chdir(tmp_path)
    cli.set(MCP_URL="http://127.0.0.1:1", MCP_TOKEN="t", ENABLE_STRATEGY="perhaps")
    ran = cli("start")
    assert ran.code == 2
    assert "CERBERO_BITE_ENABLE_STRATEGY" in ran.err


def test_an_id_that_an_audit_log_does_not_know_ends_with_1(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    assert cli("explain", "entry-1", "--data-dir", tmp_path).code == 1
    assert cli("trace", "entry-1", "--data-dir", tmp_path).code == 1


def test_dry_run_refuses_a_file_as_its_folder(cli: Cli, strategy_file: Path) -> None:
    cli.set(MCP_URL="http://127.0.0.1:1", MCP_TOKEN="t")
    ran = cli("dry-run", "--strategy", strategy_file, "--data-dir", strategy_file)
    assert ran.code == 2
    assert "expected a folder" in ran.err


def test_an_unreachable_venue_ends_ping_and_dry_run_with_1(cli: Cli, strategy_file: Path) -> None:
    cli.set(MCP_URL="http://127.0.0.1:1", MCP_TOKEN="t")
    assert cli("ping").code == 1
    ran = cli("dry-run", "--strategy", strategy_file, "--data-dir", strategy_file.parent / "none")
    assert ran.code == 1
    assert "127.0.0.1:1" in ran.err


def test_start_refuses_a_strategy_whose_hash_nobody_sealed(cli: Cli, strategy_file: Path) -> None:
    text = strategy_file.read_text("utf-8").replace("dvol_min_pts: 40.0", "dvol_min_pts: 41.0")
    strategy_file.write_text(text, "utf-8")
    cli.set(MCP_URL="http://127.0.0.1:1", MCP_TOKEN="t")
    ran = cli("start", "--strategy", strategy_file, "--data-dir", strategy_file.parent / "data")
    assert ran.code == 2
    assert "config_hash" in ran.err
    assert not (strategy_file.parent / "data").exists()


@pytest.mark.parametrize("arguments", [("config", "show"), ("state", "cycles")])
def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    folder = ("--data-dir", tmp_path) if arguments[0] == "state" else ()
    open_database(tmp_path).close()
    process = started(*arguments, *folder)
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


def test_a_full_disk_behind_the_output_is_named_without_a_traceback() -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123  (a device, not a file)
        process = started("config", "schema", stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err == "error: standard output: expected room for the answer: No space left on device\n"


def test_strategy_mode_outside_paper_needs_a_choice_for_exits(cli: Cli, strategy_file: Path) -> None:
    from config import write_hash

    strategy_file.write_text(
        strategy_file.read_text("utf-8").replace("environment: paper", "environment: testnet"), "utf-8"
    )
    write_hash(strategy_file)
    cli.set(MCP_URL="http://127.0.0.1:1", MCP_TOKEN="t", ENABLE_STRATEGY="true")
    ran = cli("start", "--strategy", strategy_file, "--data-dir", strategy_file.parent / "data")
    assert ran.code == 2
    assert "kill_switch.exits" in ran.err
