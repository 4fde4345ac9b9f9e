"""`data export` makes a folder of chains that `data check` takes, and says what is missing in it."""

from __future__ import annotations

import json
import shlex
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.support import Cli
from tests.gateway.recording import HOUR, MONDAY, Recording, evening


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    made = evening(tmp_path / "data")
    made.read(MONDAY + 14 * HOUR)
    return made


def test_it_says_what_was_written_and_how_to_use_it(cli: Cli, recording: Recording, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = cli("data", "export", "--data-dir", recording.data_dir, "--out", out)
    assert ran.code == 0, ran.err
    shown = " ".join(ran.out.split())
    assert "hole: no quotes from 2026-01-12T02:00:00Z to 2026-01-12T14:00:00Z" in shown
    assert "6 with 6 quotes" in shown
    assert f"run.py backtest --chains {out}/chains" in shown
    assert cli("data", "check", out / "chains").code == 0


def test_what_it_says_to_type_can_be_typed_where_the_folder_has_a_blank(
    cli: Cli, recording: Recording, tmp_path: Path
) -> None:
    out = tmp_path / "my record"
    ran = cli("data", "export", "--data-dir", recording.data_dir, "--out", out)
    check, replay = (shlex.split(line.split(": ", 1)[1]) for line in ran.out.splitlines()[-2:])
    assert check == ["run.py", "data", "check", f"{out}/chains"]
    assert replay[:4] == ["run.py", "backtest", "--chains", f"{out}/chains"]
    sample = cli("data", "sample", tmp_path / "my sample", "--days", "1")
    typed = shlex.split(sample.out.split("replay them: ")[1])
    assert typed[:4] == ["run.py", "paper", "--chains", f"{tmp_path}/my sample/chains"]


def test_of_days_without_a_monday_no_replay_is_named(cli: Cli, recording: Recording, tmp_path: Path) -> None:
    recording.read(MONDAY + 38 * HOUR)
    days, out = ("--from", "2026-01-13"), tmp_path / "out"
    ran = cli("data", "export", "--data-dir", recording.data_dir, "--out", out, *days)
    assert ran.code == 0, ran.err
    assert "run.py backtest" not in ran.out
    assert "no replay: one begins on a Monday at 00:00 UTC, which these days do not hold" in ran.out
    assert cli("backtest", "--chains", out / "chains").code == 2


def test_for_programs_it_is_one_document(cli: Cli, recording: Recording, tmp_path: Path) -> None:
    ran = cli("data", "export", "--data-dir", recording.data_dir, "--out", tmp_path / "out", "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["snapshots"] == 6


def test_it_writes_over_nothing(cli: Cli, recording: Recording, tmp_path: Path) -> None:
    ran = cli("data", "export", "--data-dir", recording.data_dir, "--out", tmp_path)
    assert ran.code != 0
    assert "expected a folder that is new or empty" in ran.err


def test_days_in_the_wrong_order_are_refused(cli: Cli, recording: Recording, tmp_path: Path) -> None:
    days = ("--from", "2026-01-12", "--to", "2026-01-12")
    ran = cli("data", "export", "--data-dir", recording.data_dir, "--out", tmp_path / "out", *days)
    assert ran.code != 0
    assert "--to: expected a day after 2026-01-12" in ran.err


def test_without_a_record_it_says_where_it_looked(cli: Cli, tmp_path: Path) -> None:
    ran = cli("data", "export", "--data-dir", tmp_path, "--out", tmp_path / "out")
    assert ran.code != 0
    assert "expected what an engine has recorded" in ran.err


def test_parquet_holds_the_same_tables_with_their_types(
    cli: Cli, recording: Recording, tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")
    out = tmp_path / "out"
    ran = cli("data", "export", "--data-dir", recording.data_dir, "--out", out, "--parquet")
    assert ran.code == 0, ran.err
    table = parquet.read_table(out / "as_parquet" / "chains" / "eth_option_chain_2026-01-12.parquet")
    assert table.num_rows == 4
    row = table.slice(0, 1).to_pylist()[0]
    assert row["timestamp"] == MONDAY
    assert row["timestamp"].utcoffset() == timedelta(0)
    assert row["index_price"] == 3000.0
    assert cli("data", "check", out / "chains").code == 0


def test_parquet_without_the_extra_says_what_to_install(
    cli: Cli, recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ran = cli("data", "export", "--data-dir", recording.data_dir, "--out", tmp_path / "out", "--parquet")
    assert ran.code != 0
    assert "pip install 'cerbero-bite[parquet]'" in ran.err
    assert not (tmp_path / "out").exists()
