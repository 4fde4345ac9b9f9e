"""What every room is built from: its base class, its alarm, and the rate limit for lasting conditions."""

from __future__ import annotations

from actors.room.alarm import Alarm
from actors.room.base import Room
from actors.room.standing_alert import DAY_S, HOUR_S, StandingAlert

__all__ = ["DAY_S", "HOUR_S", "Alarm", "Room", "StandingAlert"]
