"""Every injectable message belongs to its room's protocol and is checked against its own schema."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime
from typing import get_args

import pytest
from pydantic import JsonValue

from actors.control.injectable import BY_ENGINE, INJECTABLE, build, check, option_of
from actors.control.rooms import ControlRooms
from actors.runtime.testing import FakeAddress
from core.errors import InputError
from core.messages.arm_cause import ArmCause
from core.messages.decision import RunEntryCycle
from core.messages.execution import ClosePosition
from core.messages.kill_switch import ArmKillSwitch
from core.messages.protocols import (
    AlertingProtocol,
    ControlProtocol,
    DecisionProtocol,
    ExecutionProtocol,
    HealthProtocol,
    KillSwitchProtocol,
    MarketDataProtocol,
)

ROOMS = ControlRooms(**{field.name: FakeAddress(field.name) for field in fields(ControlRooms)})
AT = datetime(2026, 1, 5, 14, 0, 0, 7, tzinfo=UTC)
PROTOCOLS = {
    "execution": ExecutionProtocol,
    "kill_switch": KillSwitchProtocol,
    "decision": DecisionProtocol,
    "market_data": MarketDataProtocol,
    "health": HealthProtocol,
    "alerting": AlertingProtocol,
    "control": ControlProtocol,
}


@pytest.mark.parametrize("name", sorted(INJECTABLE))
def test_it_is_part_of_its_rooms_protocol_and_documented(name: str) -> None:
    item = INJECTABLE[name]
    assert item.message in get_args(PROTOCOLS[item.room(ROOMS).name])
    assert set(item.answers) <= set(item.message.answers)
    assert item.answers
    assert all(field.name not in BY_ENGINE for field in item.fields)


def test_fields_of_the_operator_and_of_the_engine_come_together() -> None:
    message = build(
        "ClosePosition", {"position_id": "p-1", "reason": "drill"}, request_id="inject-1", who="ann", at=AT
    )
    assert isinstance(message, ClosePosition)
    assert (message.request_id, message.exit_rule, message.cycle_id) == ("inject-1", "manual", None)


def test_a_cycle_that_a_person_asks_for_has_the_time_of_its_row_as_its_slot() -> None:
    assert build("RunEntryCycle", {}, request_id="inject-1", who="ann", at=AT) == RunEntryCycle(
        request_id="inject-1", slot=AT
    )


def test_a_slot_is_not_for_a_person_to_choose() -> None:
    with pytest.raises(InputError, match="unknown field 'slot'"):
        check("RunEntryCycle", {"slot": "2026-01-05T14:00:00Z"})


def test_an_operators_arming_has_the_operators_cause() -> None:
    message = build("ArmKillSwitch", {"reason": "drill"}, request_id="x", who="ann", at=AT)
    assert message == ArmKillSwitch(cause=ArmCause.OPERATOR, reason="drill", who="ann")


@pytest.mark.parametrize(
    ("name", "body", "named"),
    [
        ("Nonsense", {}, "unknown message 'Nonsense'"),
        ("ClosePosition", {"reason": "x"}, "expected --position-id ID, found none"),
        ("ClosePosition", {"position_id": "p", "reason": "  "}, "expected --reason TEXT, found a blank"),
        ("ClosePosition", {"position_id": "p", "reason": "x", "size": 3}, "unknown field 'size'"),
        ("ClosePosition", {"position_id": "p", "reason": "x", "exit_rule": "profit"}, "unknown field"),
        ("ClosePosition", {"position_id": 7, "reason": "x"}, "--position-id: found 7"),
        ("DisarmKillSwitch", {"reason": "x", "accept_audit_break": "perhaps"}, "--accept-audit-break: found"),
    ],
)
def test_bad_input_names_the_field_and_what_was_expected(
    name: str, body: dict[str, JsonValue], named: str
) -> None:
    with pytest.raises(InputError, match=named):
        build(name, body, request_id="x", who="ann", at=AT)


@pytest.mark.parametrize("name", sorted(INJECTABLE))
def test_what_lacks_names_the_option_to_give(name: str) -> None:
    """Whatever is left out: also where a person has given all the rest."""
    fields = [field for field in INJECTABLE[name].fields if field.required]
    for missing in fields:
        body: dict[str, JsonValue] = {field.name: "x" for field in fields if field is not missing}
        with pytest.raises(InputError, match=f"{option_of(missing.name)} [A-Z]+, found none"):
            build(name, body, request_id="x", who="ann", at=AT)


@pytest.mark.parametrize("name", sorted(INJECTABLE))
def test_what_a_field_takes_is_said_without_a_type(name: str) -> None:
    for field in INJECTABLE[name].fields:
        assert re.fullmatch(r"|TEXT|ID(,ID,…)?|[A-Za-z]+(\|[A-Za-z]+)+", field.takes), field


def test_control_takes_every_answer_to_what_goes_through_its_inbox() -> None:
    answers = {answer for item in INJECTABLE.values() if item.through_inbox for answer in item.answers}
    assert answers <= set(get_args(ControlProtocol))
