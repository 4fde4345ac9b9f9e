"""`paper`'s own process, whose venue answers oddly: entries, and a trade from its order to its settlement."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tests.hostile.account_answers import REFUSED_FROM
from tests.hostile.conftest import Beside
from tests.hostile.entry_answers import ENTRIES

pytestmark = [pytest.mark.hostile, pytest.mark.timeout(300)]
PROGRESS = re.compile(r"\d{4}-\d\d-\d\d  balance .* day \d+ of \d+, about .* left")


def beside_progress(err: str) -> list[str]:
    """What a run has said on standard error beside the line that each market day has."""
    return [line for line in err.splitlines() if PROGRESS.fullmatch(line) is None]


def test_an_entry_ends_as_each_answer_deserves(beside: Beside) -> None:
    found = beside.entries.result()
    assert found.wrong == [], "\n".join(found.wrong)
    assert (found.ran.code, beside_progress(found.ran.err)) == (0, [])
    assert "books and venue  agree to the last decimal" in found.ran.out
    assert found.told == sorted(each.name for each in ENTRIES if each.act is not None)
    alerts = [(alert["severity"], alert["code"]) for alert in found.report["alerts"]]
    assert alerts.count(("HIGH", "cycle_data_failed")) == sum(
        each.outcome == "data_failed" for each in ENTRIES
    )


def test_a_trade_is_booked_once_whatever_is_said_twice(beside: Beside) -> None:
    found = beside.trade.result()
    assert (found.ran.code, beside_progress(found.ran.err)) == (0, [])
    assert set(found.told) >= {"place_combo_order", "get_order_by_label", "get_positions"}
    assert set(found.told) >= {"get_open_orders", "get_settlements"}
    assert set(found.told) & {"get_user_trades", "get_trades_by_order"}
    report = found.report
    doubts = [alert["severity"] for alert in report["alerts"] if alert["code"] == "order_in_doubt"]
    assert doubts == ["HIGH"]
    [trade] = report["trades"]
    assert trade["exit_rule"] == "settlement"
    start, end = (Decimal(report["account"][side]["balance_eth"]) for side in ("start", "end"))
    assert Decimal(trade["pnl_eth"]) == end - start
    # The delivery has paid something: otherwise one that is booked twice would not be seen.
    assert Decimal(trade["pnl_eth"]) < Decimal(trade["credit_eth"]) - Decimal(trade["fees_eth"])
    assert report["audit"]["ok"] is True
    assert {name: one for name, one in report["actors"].items() if one["restarts"]} == {}


def test_maintenance_does_not_arm_and_what_only_names_its_number_does(beside: Beside) -> None:
    found = beside.trade.result()
    assert set(found.told) >= {
        f"{what} at {hour}:00" for what in ("paused", "refused") for hour in (10, 11, 12)
    }
    switch = found.report["kill_switch"]
    assert (switch["armed"], switch["causes"]) == (True, ["probes"])
    assert switch["since"] == f"{REFUSED_FROM.replace(hour=12):%Y-%m-%dT%H:%M:%SZ}"
    assert "order 11051 is not known" in switch["reason"]
