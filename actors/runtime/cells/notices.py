"""Messages between a unit of the tree and its supervisor about one life, and how a life may end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from actors.runtime.actor.mail import Envelope


class End(Enum):
    """How a life ended."""

    NORMAL = "normal"  # by `stop_self`
    SHUTDOWN = "shutdown"  # by its supervisor's order
    CRASH = "crash"  # by an exception in its constructor, `on_start` or a handler
    START_TIMEOUT = "start deadline exceeded"
    HUNG = "hung"
    KILLED = "killed"  # did not obey the order within the shutdown timeout


@dataclass(frozen=True)
class StopOrder:
    """The message that stops an incarnation in an orderly way."""


STOP = StopOrder()


@dataclass(frozen=True)
class Up:
    """A unit has started: its first life, or a later one."""

    unit: object
    epoch: int


@dataclass(frozen=True)
class Ended:
    """A unit's life is over, and why."""

    unit: object
    epoch: int
    how: End
    error: BaseException | None
    message_type: str


@dataclass(frozen=True)
class Hung:
    """A cell's handler has exceeded its limit."""

    unit: object
    epoch: int
    envelope: Envelope
    busy_with: str
    busy_for_s: float
