"""What an operator may tell the running engine: each message, the room it goes to, and what answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, NewType, TypeVar, get_args

from pydantic import JsonValue, ValidationError

from core.errors import InputError
from core.messages.alerting import AlertTested, SendTestAlert
from core.messages.arm_cause import ArmCause
from core.messages.base import Command, Event
from core.messages.decision import RecalibrateKelly, RunEntryCycle, RunMonitorCycle
from core.messages.execution import (
    AllClosed,
    CancelOrders,
    CloseAll,
    ClosePosition,
    ExitEnded,
    OrdersCancelled,
    Settled,
    SettleExpired,
    SettleFailed,
)
from core.messages.health import BackupDone, BackupFailed, BackupNow
from core.messages.kill_switch import (
    ArmKillSwitch,
    DisarmKillSwitch,
    EntriesPaused,
    EntriesResumed,
    KillSwitchArmed,
    KillSwitchDisarmed,
    PauseEntries,
    ResumeEntries,
)
from core.messages.market_data import MarketSnapshotFailed, MarketSnapshotStored, TakeMarketSnapshot
from core.messages.restart import RestartActor, RestartDone
from core.messages.room_status import (
    CycleEnded,
)

if TYPE_CHECKING:
    # Whoever asks what the messages are, goes without all that the rooms say to each other.
    from actors.control.rooms import ControlRooms
    from actors.runtime import Address

C = TypeVar("C", bound=Command)

BY_ENGINE = frozenset({"request_id", "cycle_id", "who", "cause", "exit_rule", "at", "slot"})
"""Fields that the engine fills in; an operator does not set them."""
LISTED = "ID,ID,…"
"""What a field takes that holds several."""


@dataclass(frozen=True)
class Injectable(Generic[C]):
    """`room` picks the room that takes it.

    `through_inbox`: on disk before it is acknowledged. The kill switch has its own durability and must never
    wait for the books, so its messages are asked directly.

    `at_once`: told to its room before it is on disk, and also if it never will be: stopping must not wait for
    the books. Its room takes it a second time without harm.

    `answers` are those that may be final; `actors/control/words.py` says which of them are.
    """

    message: type[C]
    room: Callable[[ControlRooms], Address[C]]
    answers: tuple[type[Event], ...]
    through_inbox: bool = True
    at_once: bool = False

    @property
    def name(self) -> str:
        return self.message.__name__

    @property
    def purpose(self) -> str:
        """The first paragraph of the message's own docstring."""
        return (self.message.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")

    @property
    def fields(self) -> tuple[InjectableField, ...]:
        return tuple(
            InjectableField(
                name,
                _takes(info.annotation),
                info.is_required(),
                None if info.is_required() or info.default in (None, False) else str(info.default),
            )
            for name, info in self.message.model_fields.items()
            if name not in BY_ENGINE
        )


@dataclass(frozen=True)
class InjectableField:
    """`takes` is what a person gives: `TEXT`, `ID`, or the words to choose from with a bar between them.

    Empty for a switch, which is given without a value. `default` is None if nothing stands in for what is
    left out.
    """

    name: str
    takes: str
    required: bool
    default: str | None

    @property
    def is_switch(self) -> bool:
        return not self.takes


INJECTABLE: Mapping[str, Injectable[Any]] = {
    item.name: item
    for item in (
        Injectable(ArmKillSwitch, lambda rooms: rooms.kill_switch, (KillSwitchArmed,), through_inbox=False),
        Injectable(
            DisarmKillSwitch, lambda rooms: rooms.kill_switch, (KillSwitchDisarmed,), through_inbox=False
        ),
        Injectable(PauseEntries, lambda rooms: rooms.kill_switch, (EntriesPaused,), at_once=True),
        Injectable(ResumeEntries, lambda rooms: rooms.kill_switch, (EntriesResumed,)),
        Injectable(ClosePosition, lambda rooms: rooms.execution, (ExitEnded,)),
        Injectable(CloseAll, lambda rooms: rooms.execution, (AllClosed,)),
        Injectable(CancelOrders, lambda rooms: rooms.execution, (OrdersCancelled,)),
        Injectable(SettleExpired, lambda rooms: rooms.execution, (Settled, SettleFailed)),
        Injectable(RunEntryCycle, lambda rooms: rooms.decision, (CycleEnded,)),
        Injectable(RunMonitorCycle, lambda rooms: rooms.decision, (CycleEnded,)),
        Injectable(
            TakeMarketSnapshot, lambda rooms: rooms.market_data, (MarketSnapshotStored, MarketSnapshotFailed)
        ),
        Injectable(RecalibrateKelly, lambda rooms: rooms.decision, (CycleEnded,)),
        Injectable(BackupNow, lambda rooms: rooms.health, (BackupDone, BackupFailed)),
        Injectable(SendTestAlert, lambda rooms: rooms.alerting, (AlertTested,)),
        Injectable(RestartActor, lambda rooms: rooms.control, (RestartDone,)),
    )
}


def check(name: str, body: Mapping[str, JsonValue]) -> None:
    """Raise InputError unless the message could be built: before there is an engine, an id or a time."""
    build(name, body, request_id="checked", who="operator", at=datetime.min.replace(tzinfo=UTC))


def build(name: str, body: Mapping[str, JsonValue], *, request_id: str, who: str, at: datetime) -> Command:
    """The message, validated against its own schema. Raises InputError that names the message or the field,
    what was found and what is expected. `at` is the time of its row: the slot of the cycle it asks for."""
    item = INJECTABLE.get(name)
    if item is None:
        raise InputError(f"inject: unknown message {name!r}; expected one of {', '.join(sorted(INJECTABLE))}")
    allowed = {field.name for field in item.fields}
    for key in body:
        if key not in allowed:
            expected = ", ".join(map(option_of, sorted(allowed))) or "no fields"
            raise InputError(f"inject {name}: unknown field {key!r}; expected {expected}")
    for field in item.fields:
        value = body.get(field.name)
        if field.required and (value is None or (isinstance(value, str) and not value.strip())):
            found = "none" if value is None else "a blank"
            raise InputError(f"inject {name}: expected {option_of(field.name)} {field.takes}, found {found}")
    filled: dict[str, JsonValue] = {
        "request_id": request_id,
        "cycle_id": None if item.message is ClosePosition else request_id,
        "who": who,
        "cause": ArmCause.OPERATOR.value,
        "slot": at.isoformat(),
        "at": at.isoformat(),
    }
    own = {key: value for key, value in filled.items() if key in item.message.model_fields}
    try:
        command: Command = item.message.model_validate({**body, **own})
    except ValidationError as error:
        first = error.errors()[0]
        option = option_of(".".join(str(part) for part in first["loc"]))
        raise InputError(
            f"inject {name}: {option}: found {first['input']!r}, expected "
            f"{first['msg'].removeprefix('Value error, ')}"
        ) from None
    return command


def _takes(annotation: object) -> str:
    """What a person gives for a field of this type. TypeError for one that has no words yet."""
    wanted = [part for part in get_args(annotation) if part is not type(None)] or [annotation]
    match wanted:
        case [type() as kind] if issubclass(kind, StrEnum):
            return "|".join(kind)
        case [type() as kind] if kind in (bool, str):
            return "" if kind is bool else "TEXT"
        case [NewType()]:
            return "ID"
        case [listed] if listed == tuple[str, ...]:
            return LISTED
        case _:
            raise TypeError(f"expected a type that a person can give on a command line, found {annotation}")


def option_of(field: str) -> str:
    """A field as it is given on the command line."""
    return f"--{field.replace('_', '-')}"
