"""What a person may say of the simulated venue: its ways, and what goes wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import InputError
from gateway.sim.faults import Fault, SimFault, SimFaults
from gateway.sim.ways import Ways
from tests.cli.support import ROOT
from tests.gateway.live.desk import NOW
from tests.gateway.sim.account import SimDoor


def test_each_kind_of_way_is_read() -> None:
    said = ("trades=bare", "inverse=yes", "active_after_s=0-1.5", "combos_max=3", "quiet_after_s=60")
    assert Ways.parse(said) == Ways(
        trades="bare", inverse=True, active_after_s=(0.0, 1.5), combos_max=3, quiet_after_s=60.0
    )
    assert Ways.parse(()) == Ways()
    assert Ways.parse(["margin_model=cross_pm"]).margin_model == "cross_pm"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("inverted=yes", "each NAME once and one of account_id, active_after_s, combos_max"),
        ("inverse", "--way inverse: expected yes or no, found ''"),
        ("inverse=true", "--way inverse: expected yes or no, found 'true'"),
        ("trades=all", "--way trades: expected full or bare or parent, found 'all'"),
        ("margin_model=x", "expected segregated_sm or segregated_pm or cross_sm or cross_pm, found 'x'"),
        ("active_after_s=1", "expected two numbers, such as 0.3-0.7, found '1'"),
        ("active_after_s=1--2", "expected two numbers, such as 0.3-0.7, found '1--2'"),
        ("combos_max=1.5", "expected a whole number from 0 on, found '1.5'"),
        ("quiet_after_s=1e400", "expected a number from 0 on, found '1e400'"),
        ("quiet_after_s=-1", "expected a number from 0 on, found '-1'"),
    ],
)
def test_a_way_that_there_is_not_is_refused_by_name(said: str, told: str) -> None:
    with pytest.raises(InputError) as raised:
        Ways.parse([said])
    assert told in str(raised.value)


def test_each_way_is_documented() -> None:
    page = (ROOT / Path("docs/live-gateway.md")).read_text("utf-8")
    assert [each.name for each in fields(Ways) if f"| `{each.name}` |" not in page] == []
    assert [kind for kind in SimFault if f"`{kind}`" not in page] == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("buy", "expected METHOD:KIND[:NUMBER][@SHARE], KIND one of refuse"),
        ("buy:lost", "KIND one of refuse"),
        ("buy:slow", "fault slow: expected a number, found 'buy:slow'"),
        ("buy:cut:3", "fault cut: expected no number, found 'buy:cut:3'"),
        ("buy:cut@", "expected a share above 0 and up to 1, found ''"),
        ("buy:cut@0", "expected a share above 0 and up to 1, found '0'"),
        ("buy:cut@1.5", "expected a share above 0 and up to 1, found '1.5'"),
    ],
)
def test_a_fault_that_there_is_not_is_refused_by_name(said: str, told: str) -> None:
    with pytest.raises(InputError) as raised:
        Fault.parse(said)
    assert told in str(raised.value)


def test_a_fault_strikes_once_and_a_share_of_calls_for_ever() -> None:
    def struck(seed: int) -> list[str]:
        faults = SimFaults(seed)
        faults.add(Fault.parse("private/buy:cut"), Fault.parse("*:slow:2@0.25"))
        found = (faults.strike("private/buy") for _ in range(400))
        return ["" if each is None else each.kind.value for each in found]

    first = struck(1)
    counts = Counter(first)
    assert (first[0], counts["cut"]) == ("cut", 1)
    assert 70 < counts["slow"] < 130
    assert (struck(1) == first, struck(2) == first) == (True, False)


def test_in_its_minutes_of_maintenance_the_venue_is_shut_and_says_so() -> None:
    door = SimDoor(Ways(locked_minutes=(10.0, 20.0)))
    began = NOW.replace(minute=0, second=0).timestamp()
    told = []
    for minutes in (9.9, 10.1, 19.9, 20.1):
        door.now_s = began + timedelta(minutes=minutes).total_seconds()
        assert door("public/get_time") > 0
        status = door("public/status")
        shut = status["locked"] == "true"
        if shut:
            refused = door.refusal("private/get_positions", currency="ETH")
            assert refused == (11051, "system_maintenance")
            assert door.refusal("public/ticker", instrument_name="ETH-PERPETUAL")[0] == 11051
        else:
            assert door("private/get_positions", currency="ETH") == []
        told.append(shut)
    assert told == [False, True, True, False]
