"""What every room is built from: its base class, its answers, its alarm, the rate limit for lasting
conditions."""

from __future__ import annotations

from actors.room.alarm import Alarm
from actors.room.answering import Deferred, Returned, answerer, deferred, returned
from actors.room.base import Room
from actors.room.kinds import OneOf
from actors.room.standing_alert import DAY_S, HOUR_S, StandingAlert

__all__ = [
    "DAY_S",
    "HOUR_S",
    "Alarm",
    "Deferred",
    "OneOf",
    "Returned",
    "Room",
    "StandingAlert",
    "answerer",
    "deferred",
    "returned",
]
