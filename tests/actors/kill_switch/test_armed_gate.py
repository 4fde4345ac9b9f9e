"""What an armed switch still lets through, by what armed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditBoot
from core.messages.kill_switch import ArmKillSwitch, GetKillSwitch
from core.messages.room_status import (
    AuditHead,
    KillSwitchStatus,
)
from core.orders.terms import OrderPurpose
from core.strategy import ExitsWhenArmed, KillSwitchSection, Strategy
from tests.actors.kill_switch.asking import permit, reasons
from tests.fakes.kill_switch import SwitchHouse, request


def test_armed_vetoes_entries(house: SwitchHouse) -> None:
    house.tell("kill_switch", ArmKillSwitch(reason="stop"))
    assert reasons(house) == ("armed",)


@pytest.mark.parametrize("cause", [ArmCause.OPERATOR, ArmCause.PROBES, ArmCause.SUPERVISION])
def test_armed_lets_exits_through_where_the_strategy_allows(house: SwitchHouse, cause: ArmCause) -> None:
    house.open_position()
    house.tell("kill_switch", ArmKillSwitch(cause=cause, reason="stop"))
    permit(house, request(purpose=OrderPurpose.EXIT))


@pytest.mark.parametrize(
    "cause", [ArmCause.ENVIRONMENT, ArmCause.AUDIT, ArmCause.RECOVERY, ArmCause.DATABASE]
)
def test_exits_are_blocked_where_the_books_may_be_wrong(house: SwitchHouse, cause: ArmCause) -> None:
    house.open_position()
    house.tell("kill_switch", ArmKillSwitch(cause=cause, reason="stop"))
    assert reasons(house, request(purpose=OrderPurpose.EXIT)) == ("exits_blocked",)


def test_exits_are_blocked_where_a_person_chose_so(tmp_path: Path) -> None:
    strategy = Strategy(kill_switch=KillSwitchSection(exits=ExitsWhenArmed.BLOCK))
    house = SwitchHouse(tmp_path, strategy=strategy)
    house.open_position()
    house.tell("kill_switch", ArmKillSwitch(reason="stop"))
    assert reasons(house, request(purpose=OrderPurpose.EXIT)) == ("exits_blocked",)


@pytest.mark.parametrize(("problem", "said"), [("cut", "cut"), (None, "the audit chain is broken")])
def test_broken_audit_arms(house: SwitchHouse, problem: str | None, said: str) -> None:
    head = AuditHead(seq=0, hash="0" * 64)
    house.tell("kill_switch", AuditBoot(ok=False, restored=False, records=0, head=head, problem=problem))
    status = house.ask("kill_switch", GetKillSwitch())
    assert isinstance(status, KillSwitchStatus)
    assert (status.causes, status.reason, status.who) == ((ArmCause.AUDIT,), said, "audit")
    assert status.exits_blocked
