"""The kill switch: permits, suspensions, arming and the `KILL` file.

The face holds the file alone: a person's arming imports it, and lays `KILL` before it imports what takes
long. The room is in `actor.py`.
"""

from __future__ import annotations

from actors.kill_switch.kill_file import DiskKillFile, KillFilePort

__all__ = ["DiskKillFile", "KillFilePort"]
