"""A result that was changed by hand is refused by the name of its key, before anything is drawn of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from page.finished import FinishedViews
from reading.sweep_file import read_sweep
from reading.trading_books import trading_report
from reading.trading_forms import report_json

Place = Sequence[str | int]
BEYOND: tuple[object, ...] = (float("nan"), float("inf"), 1e308, "1e400", "NaN", -1e16)


@pytest.fixture(scope="module")
def report(one_trade: Path) -> dict[str, Any]:
    """What `report --json` writes of books with a trade that is over, with one look at the account."""
    found = dict(report_json(trading_report(one_trade)))
    found["account"] = [{"at": found["began"], "equity_eth": 10.0, "index_usd": 3000.0}]
    assert found["trades"]
    return found


def changed(found: dict[str, Any], place: Place, value: object) -> dict[str, Any]:
    made: Any = copy.deepcopy(found)
    at = made
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return dict(made)


def refused(tmp_path: Path, document: dict[str, Any]) -> str:
    file = tmp_path / "out.json"
    file.write_text(json.dumps(document), "utf-8")
    with pytest.raises(InputError) as raised:
        FinishedViews(file)
    return str(raised.value)


@pytest.mark.parametrize("value", BEYOND)
@pytest.mark.parametrize(
    "place",
    [
        ("account", 0, "index_usd"),
        ("account", 0, "equity_eth"),
        ("trades", 0, "worst_loss_usd"),
        ("trades", 0, "pnl_usd"),
    ],
)
def test_a_number_beyond_all_amounts_is_named(
    tmp_path: Path, report: dict[str, Any], place: Place, value: object
) -> None:
    assert ".".join(map(str, place)) in refused(tmp_path, changed(report, place, value))


def test_a_loss_of_nothing_is_named(tmp_path: Path, report: dict[str, Any]) -> None:
    said = refused(tmp_path, changed(report, ("trades", 0, "worst_loss_usd"), 0))
    assert "trades.0.worst_loss_usd" in said


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-01-05T14:00:00", 0])
@pytest.mark.parametrize("place", [("trades", 0, "entered_at"), ("began",), ("account", 0, "at")])
def test_a_time_that_can_not_be_one_is_named(
    tmp_path: Path, report: dict[str, Any], place: Place, at: object
) -> None:
    assert ".".join(map(str, place)) in refused(tmp_path, changed(report, place, at))


@pytest.mark.parametrize("at", ["2025-12-01T00:00:00Z", "2027-01-01T00:00:00Z"])
def test_a_trade_outside_of_its_report_is_named(tmp_path: Path, report: dict[str, Any], at: str) -> None:
    said = refused(tmp_path, changed(report, ("trades", 0, "closed_at"), at))
    assert f"trades: {report['trades'][0]['id']}: expected it to be closed between" in said


@pytest.mark.parametrize("value", BEYOND)
def test_a_number_of_a_sweep_beyond_all_amounts_is_named(tmp_path: Path, value: object) -> None:
    point = {
        "number": 1,
        "values": {},
        "trades": 0,
        "won": 0,
        "mean_r": value,
        "pnl_usd": "0",
        "drawdown_usd": 0,
        "runs": [],
    }
    answer = {"sentence": "", "told": [], "code": "", "axes": [], "points": [point]}
    (tmp_path / "sweep.json").write_text(json.dumps(answer), "utf-8")
    with pytest.raises(InputError, match=r"sweep.json: points.0.mean_r: "):
        read_sweep(tmp_path)
