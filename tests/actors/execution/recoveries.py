"""What recoveries have told."""

from __future__ import annotations

from core.messages.arm_cause import ArmCause
from core.messages.kill_switch import ArmKillSwitch
from core.messages.room_status import (
    RecoveryReport,
)
from tests.fakes.trading import TradingHouse

LABEL = "p-entry-1:abcdef:e1"


def report(house: TradingHouse) -> RecoveryReport:
    return house.told("decision", RecoveryReport)[-1]


def arms(house: TradingHouse) -> list[ArmCause]:
    return [arm.cause for arm in house.told("kill_switch", ArmKillSwitch)]
