"""Recoveries that can't be trusted or can't end: another account, another environment, a silent venue."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.messages.alerting import RaiseAlert, Severity
from core.messages.arm_cause import ArmCause
from core.messages.state import BindAccount
from tests.actors.execution.recoveries import arms, report
from tests.fakes.trading import SHORT, TradingHouse


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    return TradingHouse(tmp_path)


def test_wrong_environment_arms_and_is_not_recovered_from(house: TradingHouse) -> None:
    house.venue.environment = "mainnet"
    house.restart_execution()
    assert not report(house).ok
    assert ArmCause.ENVIRONMENT in arms(house)


def test_new_folder_is_not_bound_to_the_wrong_environment(house: TradingHouse) -> None:
    """The first token of a folder may be the wrong one: its books would belong there for ever."""
    house.books.account = None
    house.venue.environment = "testnet"
    house.restart_execution()
    assert not report(house).ok
    assert ArmCause.ENVIRONMENT in arms(house)
    assert house.books.account is None
    house.venue.environment = "paper"
    house.advance(60)
    assert report(house).ok
    assert house.books.account == ("paper", house.venue.account)


def test_another_account_arms_before_anything_is_reconciled(house: TradingHouse) -> None:
    """A wrong token must not reconcile the books away."""
    house.enter(2)
    house.venue.account = "B2"
    house.venue.trades.clear()
    house.restart_execution()
    assert ArmCause.ENVIRONMENT in arms(house)
    assert house.books.positions["p-entry-1"].contracts == 2


def test_unreachable_venue_is_tried_every_minute_and_arms_after_ten(house: TradingHouse) -> None:
    house.venue.down = True
    house.restart_execution()
    house.advance(9 * 60)
    assert ArmCause.RECOVERY not in arms(house)
    house.advance(2 * 60)
    assert arms(house).count(ArmCause.RECOVERY) == 1
    house.venue.down = False
    house.advance(60)
    assert report(house).ok


def test_recovery_that_fails_for_long_is_told_seldom_and_its_end_once(house: TradingHouse) -> None:
    house.enter(2)
    house.venue.alien[SHORT] = 1
    house.restart_execution()
    house.advance(4 * 3600)
    told = [alert.code for alert in house.told("alerting", RaiseAlert) if alert.code.startswith("recovery")]
    assert told == ["recovery_failed"] * 5, "at 0, 10, 30, 70 and 150 minutes"
    house.venue.alien.clear()
    house.advance(120)
    [end] = [alert for alert in house.told("alerting", RaiseAlert) if alert.code == "recovery_done"]
    assert end.severity is Severity.LOW


def test_recovery_whose_order_in_doubt_stays_in_doubt_arms_after_ten_minutes(house: TradingHouse) -> None:
    """A foreign size on its leg lets no look say surely that the order never arrived."""
    proposal = house.propose()
    house.venue.faults["place_combo_order"].append("before")
    house.place(proposal)
    house.venue.alien[SHORT] = -1
    house.restart_execution()
    house.advance(9 * 60)
    assert arms(house) == []
    house.advance(2 * 60)
    assert arms(house) == [ArmCause.RECOVERY]


def test_venue_that_falls_silent_within_a_recovery_arms_after_ten_minutes(house: TradingHouse) -> None:
    proposal = house.propose()
    house.venue.faults["place_combo_order"].append("before")
    house.place(proposal)
    house.stop("execution")
    house.venue.faults["environment_info"].extend([None, *[500] * 1000])
    house.start_execution()
    house.advance(11 * 60)
    assert arms(house) == [ArmCause.RECOVERY]


def test_a_refusal_that_tells_nothing_about_the_account_does_not_arm_as_another_environment(
    house: TradingHouse,
) -> None:
    """On a full disk the books can't bind the account; recovery tries again."""
    house.books.refuse = {BindAccount: "disk_full: database or disk is full"}
    house.restart_execution()
    assert not report(house).ok
    assert "disk_full" in (report(house).error or "")
    assert arms(house) == []
    house.books.refuse = {}
    house.advance(61)
    assert report(house).ok


@pytest.mark.parametrize("code", ["account_differs", "environment_differs"])
def test_another_account_or_environment_arms(house: TradingHouse, code: str) -> None:
    house.books.refuse = {BindAccount: f"{code}: this folder's books belong to A1, the venue says A2"}
    house.restart_execution()
    assert arms(house) == [ArmCause.ENVIRONMENT]
