"""The whole engine in a hole of a record: the cycle fails, the report counts it, and nothing is traded."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.cli.support import Ran, ended, started
from tests.gateway.record_folder import (
    CALL,
    CHAIN_FILE,
    FIRST,
    HEADER,
    MONDAY,
    PUT,
    hourly,
    row,
    write_gz,
    write_record,
)

pytestmark = pytest.mark.long
HISTORY_H = 800
LAST = MONDAY + timedelta(hours=13, minutes=50)
NEXT = LAST + timedelta(hours=9)
"""The entry of 14:00 comes ten minutes into the hole: the engine has not noticed it yet."""
SNAPSHOTS = (FIRST, MONDAY + timedelta(hours=4), MONDAY + timedelta(hours=10), LAST, NEXT)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, dict[str, Any]]:
    """From Monday 00:00 to 15:00."""
    folder = tmp_path_factory.mktemp("record")
    chains = write_record(folder)
    begin = MONDAY - timedelta(hours=HISTORY_H)
    bars = hourly(begin, HISTORY_H + 48, 2900.0, 0.125, ",7")
    write_gz(folder / "eth_usd_1h.csv.gz", "timestamp,open,high,low,close,volume", *bars)
    dvol = hourly(begin, HISTORY_H + 48, 60.0, 0.001)
    write_gz(folder / "eth_dvol_1h.csv.gz", "timestamp,open,high,low,close", *dvol)
    rows = [
        line
        for at in SNAPSHOTS
        for line in (row(at, PUT, 3000.0, "0.0120", "0.0130"), row(at, CALL, 3000.0, "0.0060", "0.0070"))
    ]
    write_gz(chains / CHAIN_FILE, HEADER, *rows)
    out = folder / "out.json"
    arguments = ("paper", "--chains", chains, "--days", "0.625", "--no-ui")
    ran = ended(started(*arguments, "--json", out, "--data-dir", folder / "data"))
    assert ran.code == 0, ran.err
    return ran, json.loads(out.read_text("utf-8"))


def test_an_entry_in_a_hole_ends_as_data_failed(finished: tuple[Ran, dict[str, Any]]) -> None:
    (entry,) = [cycle for cycle in finished[1]["cycles"] if cycle["kind"] == "entry"]
    assert (entry["outcome"], entry["reasons"]) == ("data_failed", ["deribit.get_options_chain:soft"])
    assert finished[1]["orders"] == []


def test_the_report_says_how_many_cycles_a_hole_cost(finished: tuple[Ran, dict[str, Any]]) -> None:
    ran, document = finished
    assert document["holes"] == [
        {
            "last_snapshot": "2026-01-05T13:50:00Z",
            "next_snapshot": "2026-01-05T22:50:00Z",
            "hours": 9.0,
            "cycles_data_failed": 1,
            "cycles_blocked": 0,
        }
    ]
    assert "holes in the record  1, 9.0 h without quotes; cycles data_failed: 1, blocked: 0" in ran.out
    assert "max_gap_h=8.0" in ran.out
