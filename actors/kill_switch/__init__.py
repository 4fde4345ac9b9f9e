"""The kill switch: permits, suspensions, arming and the `KILL` file."""

from __future__ import annotations

from actors.kill_switch.actor import KillSwitch
from actors.kill_switch.kill_file import DiskKillFile, KillFilePort

__all__ = ["DiskKillFile", "KillFilePort", "KillSwitch"]
