"""`report`: what a person, a program and a spreadsheet get of what trading brought."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from core.orders.books import CycleOutcome
from tests.actors.state.books_room import CYCLE, POSITION, START, BooksRoom
from tests.cli.support import Cli
from tests.fakes.traded_books import account_seen, closed, entered, marked, refused


@pytest.fixture
def room(tmp_path: Path) -> Iterator[BooksRoom]:
    room = BooksRoom(tmp_path / "data").start()
    entered(room)
    yield room
    room.stop()


@pytest.fixture
def traded(room: BooksRoom) -> Path:
    """One closed trade, the account before and after, and two refusals."""
    account_seen(room, CYCLE, START, 10.0, 3100.0)
    closed(room)
    account_seen(room, CYCLE, START + timedelta(days=7), 10.01, 2500.0)
    refused(room, 1, CycleOutcome.NO_ENTRY, "market", "vrp_below_min")
    refused(room, 5, CycleOutcome.NO_ENTRY, "market", "vrp_below_min")
    return room.data_dir


def lines_of(text: str) -> dict[str, str]:
    """The figures, each by its name."""
    pairs = (line.split("  ", 1) for line in text.splitlines() if "  " in line)
    return {name: value.strip() for name, value in pairs}


def test_the_figures_for_a_person(cli: Cli, traded: Path) -> None:
    ran = cli("report", "--data-dir", traded)
    assert ran.code == ExitCode.OK
    found = lines_of(ran.out)
    assert found["trades"].endswith("1 closed, 1 with a gain: 100%; 0 open; 1 of 3 entry cycles entered")
    assert found["P&L"].endswith("+0.01360000 ETH, +42.16 USD of closed trades")
    assert "31,000.00 -> 25,025.00 USD at the venue (-5,975.00)" in found["account"]
    assert "14.9% of the credit at mid, 0.0242 ETH: 9.9% fees and 5.0% crossing the spread" in found["costs"]
    assert found["proof"].endswith("n = 1: too few trades for an interval; they prove nothing")
    assert "with one full loss added -0.441" in ran.out
    assert "a win +42.16 USD, no trade lost\n" in ran.out
    assert (
        "closed trades +42.16 USD; the price of the ETH held, transfers and open positions -6,017.16"
        in ran.out
    )


def test_refusals_stand_by_month(cli: Cli, traded: Path) -> None:
    rows = [line.split() for line in cli("report", "--data-dir", traded).out.splitlines()]
    assert ["market", "vrp_below_min", "2", "1", "1"] in rows


def test_a_premium_received_is_not_shown_as_profit(cli: Cli, room: BooksRoom) -> None:
    marked(room, "0.0100", "0.0040")
    out = cli("report", "--data-dir", room.data_dir).out
    assert lines_of(out)["P&L"].startswith("+0.00000000 ETH, +0.00 USD")
    assert "+0.01080000 ETH, +34.69 USD if closed at the marks of 2026-01-05 14:00:00Z, before fees" in out


def test_a_position_that_has_no_mark_says_so(cli: Cli, room: BooksRoom) -> None:
    out = cli("report", "--data-dir", room.data_dir).out
    assert "1 without a value: no snapshot of the market is stored" in out


def test_the_same_figures_for_a_program(cli: Cli, traded: Path) -> None:
    found = json.loads(cli("report", "--data-dir", traded, "--json").out)
    assert found["total"]["trades"] == 1
    assert Decimal(found["total"]["pnl_eth"]) == Decimal("0.0136")
    assert found["trades"][0]["id"] == POSITION
    assert found["trades"][0]["crossing_out_eth"] == "0.00100000"
    assert found["costs"]["share_of_mid_credit"] == pytest.approx(0.0036 / 0.0242)
    assert [point["equity_usd"] for point in found["account"]] == [31_000.0, 25_025.0]
    assert found["refusals"] == [
        {"month": "2026-01", "rule": "market", "reason": "vrp_below_min", "times": 1},
        {"month": "2026-02", "rule": "market", "reason": "vrp_below_min", "times": 1},
    ]
    assert list(found["result_quantiles"]) == ["0", "0.1", "0.25", "0.5", "0.75", "0.9", "1"]


def test_trades_and_account_as_csv(cli: Cli, traded: Path, tmp_path: Path) -> None:
    trades, account = tmp_path / "trades.csv", tmp_path / "account.csv"
    assert cli("report", "--data-dir", traded, "--trades-csv", trades, "--account-csv", account).code == 0
    with trades.open(encoding="utf-8", newline="") as file:
        (trade,) = csv.DictReader(file)
    assert (trade["id"], trade["exit_rule"], trade["pnl_usd"]) == (POSITION, "profit", "42.1634000000")
    with account.open(encoding="utf-8", newline="") as file:
        points = list(csv.DictReader(file))
    assert [(point["equity_usd"], point["realised_usd"]) for point in points] == [
        ("31000.0", "0"),
        ("25025.0", "42.1634000000"),
    ]


def test_a_day_before_the_first_is_refused(cli: Cli, traded: Path) -> None:
    ran = cli("report", "--data-dir", traded, "--from", "2026-02-01", "--to", "2026-02-01")
    assert ran.code == ExitCode.BAD_INPUT
    assert ran.err == "error: --to: expected a day after 2026-02-01, found 2026-02-01\n"


def test_a_period_leaves_out_what_closed_outside_it(cli: Cli, traded: Path) -> None:
    ran = cli("report", "--data-dir", traded, "--from", "2026-02-01")
    assert lines_of(ran.out)["trades"].startswith("0 closed, 0 with a gain; 0 open; 0 of 1 entry cycles")
    assert "mean r: no trade was closed, so there is nothing to say" in ran.out


def test_a_file_that_cannot_be_written_is_named(cli: Cli, traded: Path, tmp_path: Path) -> None:
    ran = cli("report", "--data-dir", traded, "--trades-csv", tmp_path / "nowhere" / "t.csv")
    assert ran.code == ExitCode.BAD_INPUT
    assert "--trades-csv" in ran.err
    assert "the file can't be written: No such file or directory" in ran.err


def test_a_folder_without_books_is_named(cli: Cli, tmp_path: Path) -> None:
    ran = cli("report", "--data-dir", tmp_path)
    assert ran.code == ExitCode.BAD_INPUT
    assert ran.err.startswith(f"error: --data-dir {tmp_path}: expected the books of an engine")
