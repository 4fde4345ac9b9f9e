"""No result is written over another one, nor over what the command reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from cli.result_files import require_apart
from core.errors import InputError
from tests.cli.support import ROOT, Cli

BACKTEST = ("backtest", "--model", "--to", "2026-01-10")


@pytest.mark.parametrize("name", ["account.csv", "trades.csv", "report.html", "run.json", "another"])
def test_a_backtest_writes_its_json_beside_the_folder_of_its_files(
    cli: Cli, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    ran = cli(*BACKTEST, "--out", out, "--json", out / name)
    assert ran.code == ExitCode.BAD_INPUT
    assert f"--json {out / name}: expected a file outside the folder of --out" in ran.err
    assert list(out.iterdir()) == []


def test_a_sweep_does_so_too(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    ran = cli(
        "sweep", "--model", "--to", "2026-01-10", "--sample", "2", "--out", out, "--json", out / "sweep.json"
    )
    assert ran.code == ExitCode.BAD_INPUT
    assert "expected a file outside the folder of --out" in ran.err


@pytest.mark.parametrize(
    "command", [BACKTEST, ("paper", "--days", "0.01", "--no-ui"), ("simulate", "--days", "1")]
)
def test_the_strategy_that_is_read_is_not_written_over(
    cli: Cli, tmp_path: Path, command: tuple[str, ...]
) -> None:
    strategy = tmp_path / "strategy.yaml"
    text = (ROOT / "strategy.yaml").read_text("utf-8")
    strategy.write_text(text, "utf-8")
    cli.monkeypatch.chdir(tmp_path)
    ran = cli(*command, "--strategy", strategy, "--json", "strategy.yaml")
    assert ran.code == ExitCode.BAD_INPUT
    assert f"--json strategy.yaml: expected another file than --strategy {strategy}" in ran.err
    assert strategy.read_text("utf-8") == text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--json", "a.svg", "--svg", "a.svg"), "--svg a.svg: expected another file than --json a.svg"),
        # The picture has a text beside it.
        (
            ("--json", "a.txt", "--svg", "a.svg"),
            "the text of --svg a.txt: expected another file than --json a.txt",
        ),
        (("--svg", "a.txt"), "the text of --svg a.txt: expected another file than --svg a.txt"),
    ],
)
def test_two_results_of_paper_are_two_files(
    cli: Cli, tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    cli.monkeypatch.chdir(tmp_path)
    ran = cli("paper", "--days", "0.01", "--no-ui", *options)
    assert (ran.code, told in ran.err) == (ExitCode.BAD_INPUT, True), ran.err
    assert list(tmp_path.iterdir()) == []


def test_two_results_of_a_report_are_two_files(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "same"
    ran = cli("report", "--trades-csv", file, "--account-csv", file, "--data-dir", tmp_path)
    assert f"--account-csv {file}: expected another file than --trades-csv {file}" in ran.err


def test_a_file_is_the_same_by_whatever_name(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", "utf-8")
    (tmp_path / "link").symlink_to(file)
    (tmp_path / "hard").hardlink_to(file)
    for name in ("link", "hard", "absent/../file"):
        with pytest.raises(InputError, match=r"--json .*: expected another file than --chains .*/file$"):
            require_apart({"--json": tmp_path / name}, read={"--chains": file})
    require_apart({"--json": tmp_path / "other", "--svg": None}, read={"--chains": file, "--columns": None})


def test_whatever_is_no_file_may_be_named_twice() -> None:
    out = Path("/dev/null")
    require_apart({"--json": out, "--svg": out})
