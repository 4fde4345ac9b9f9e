"""The heartbeat: shows from outside that the engine lives, in a file and at a URL."""

from __future__ import annotations

from actors.heartbeat.actor import Heartbeat
from actors.heartbeat.file import HEARTBEAT_FILE, HeartbeatFile

__all__ = ["HEARTBEAT_FILE", "Heartbeat", "HeartbeatFile"]
