"""Asking the gate for a permit, and what it put on record."""

from __future__ import annotations

from core.messages.audit import AuditEvent
from core.messages.kill_switch import (
    Permit,
    RequestPermit,
    Veto,
)
from core.messages.state import RecordEvent
from tests.fakes.kill_switch import SwitchHouse, request


def permit(house: SwitchHouse, wanted: RequestPermit | None = None) -> Permit:
    answer = house.ask("kill_switch", request() if wanted is None else wanted)
    assert isinstance(answer, Permit), answer
    return answer


def reasons(house: SwitchHouse, wanted: RequestPermit | None = None) -> tuple[str, ...]:
    answer = house.ask("kill_switch", request() if wanted is None else wanted)
    assert isinstance(answer, Veto), answer
    return answer.reasons


def events(house: SwitchHouse) -> list[AuditEvent]:
    return [event for message in house.told("state", RecordEvent) for event in message.audit]
