"""`config`: the file is checked, sealed and shown without an engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.support import Cli


def test_a_sealed_file_is_valid(cli: Cli, strategy_file: Path) -> None:
    ran = cli("config", "validate", "--strategy", strategy_file)
    assert ran.code == 0, ran.err
    assert "valid" in ran.out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("dvol_min_pts: 40.0", "dvol_min_pts: 41.0", "config_hash"),
        ("dvol_min_pts: 40.0", "dvol_min: 40.0", "did you mean dvol_min_pts"),
        ("dvol_min_pts: 40.0", "dvol_min_pts: high", "found 'high'"),
        ("dvol_min_pts: 40.0", "dvol_min_pts: [40.0", "expected YAML"),
    ],
)
def test_what_is_wrong_is_found_wrong_and_named_with_its_line(
    cli: Cli, strategy_file: Path, old: str, new: str, said: str
) -> None:
    strategy_file.write_text(strategy_file.read_text("utf-8").replace(old, new), "utf-8")
    ran = cli("config", "validate", "--strategy", strategy_file)
    assert ran.code == 1
    assert said in ran.err
    assert str(strategy_file) in ran.err


def test_a_file_that_is_not_there_is_bad_input(cli: Cli, tmp_path: Path) -> None:
    assert cli("config", "validate", "--strategy", tmp_path / "none.yaml").code == 2


@pytest.mark.parametrize("command", [("config", "validate"), ("config", "show"), ("paper",)])
def test_outside_the_folder_of_the_strategy_one_is_told_where_it_was_looked_for(
    cli: Cli, tmp_path: Path, command: tuple[str, ...]
) -> None:
    cli.monkeypatch.chdir(tmp_path)
    ran = cli(*command)
    assert ran.code == 2
    assert f"strategy.yaml: expected a file, found none in {tmp_path}; go to the folder" in ran.err
    assert "--strategy" in ran.err


def test_hash_write_seals_the_file(cli: Cli, strategy_file: Path) -> None:
    strategy_file.write_text(
        strategy_file.read_text("utf-8").replace("dvol_min_pts: 40.0", "dvol_min_pts: 41.0"), "utf-8"
    )
    assert cli("config", "validate", "--strategy", strategy_file).code == 1
    written = cli("config", "hash", "--write", "--strategy", strategy_file)
    assert written.code == 0
    assert cli("config", "validate", "--strategy", strategy_file).code == 0
    assert cli("config", "hash", "--strategy", strategy_file).out == written.out


def test_local_overrides_are_named_and_do_not_change_the_hash(cli: Cli, strategy_file: Path) -> None:
    before = cli("config", "hash", "--strategy", strategy_file).out
    (strategy_file.parent / "strategy.local.yaml").write_text("entry: {dvol_min_pts: 45.0}\n", "utf-8")
    ran = cli("config", "validate", "--strategy", strategy_file)
    assert ran.code == 0
    assert "override: entry.dvol_min_pts=45.0" in ran.out
    assert cli("config", "hash", "--strategy", strategy_file).out == before
    assert json.loads(cli("config", "show", "--json", "--strategy", strategy_file).out)["entry"][
        "dvol_min_pts"
    ] == pytest.approx(45.0)


def test_the_schema_is_json(cli: Cli) -> None:
    assert "entry" in json.loads(cli("config", "schema").out)["properties"]


def test_env_never_shows_a_secret(cli: Cli) -> None:
    cli.set(MCP_URL="https://h", MCP_TOKEN="s3cret", TELEGRAM_BOT_TOKEN="1:t0ken", TELEGRAM_CHAT_ID="4242")
    for arguments in (["config", "env"], ["config", "env", "--json"]):
        ran = cli(*arguments)
        assert ran.code == 0, ran.err
        assert not any(secret in ran.out + ran.err for secret in ("s3cret", "t0ken", "4242"))
        assert "https://h" in ran.out


@pytest.mark.parametrize(
    "url",
    [
        "https//user:hunter2@h",
        "user:hunter2@h:90",
        "https://h/?token=hunter2",
        "https://user:hunter2%40h",
        "https://user:hunter2\uff20h",
        "htps://user:hunter2 h",
    ],
)
@pytest.mark.parametrize("name", ["MCP_URL", "TELEGRAM_API_URL"])
def test_env_shows_nothing_of_a_url_that_can_not_be_used(cli: Cli, name: str, url: str) -> None:
    cli.set(**{"MCP_URL": "https://h", "MCP_TOKEN": "s3cret", name: url})
    for arguments in (["config", "env"], ["config", "env", "--json"]):
        ran = cli(*arguments)
        assert "hunter2" not in ran.out + ran.err
        assert "set, can't be used, not shown" in ran.out


@pytest.mark.parametrize("name", ["ENABLE_STRATEGY", "ENABLE_DATA_ANALYSIS", "ALLOW_HTTP", "CA_FILE"])
def test_env_shows_no_secret_that_stands_in_the_wrong_variable(cli: Cli, name: str) -> None:
    cli.set(**{"MCP_URL": "https://h", "MCP_TOKEN": "s3cret", name: "hunter2hunter2"})
    for arguments in (["config", "env"], ["config", "env", "--json"]):
        ran = cli(*arguments)
        assert "hunter2" not in ran.out + ran.err
