"""The engine's scheduler: the `schedule` library on market time, and the actor that tells what is due."""

from __future__ import annotations

from actors.scheduler.actor import Scheduler

__all__ = ["Scheduler"]
