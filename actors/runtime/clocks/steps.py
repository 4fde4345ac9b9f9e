"""Notices that somebody has set the system's clock."""

from __future__ import annotations

STEP_MIN_S = 2.0
"""A smaller difference is the work of a time daemon, and none of the engine's deadlines depends on it."""
SLEW_MAX = 0.001
"""Seconds per second by which the wall clock may drift from the monotonic one without being set; a time
daemon slews by 0.0005 at most (adjtimex(2))."""


class StepWatch:
    """Compares the wall clock with the monotonic one. A machine that was suspended has stepped, too."""

    def __init__(self, wall_us: int, monotonic_us: int) -> None:
        self._offset_us: float = wall_us - monotonic_us
        self._looked_us = monotonic_us

    def step_s(self, wall_us: int, monotonic_us: int) -> float | None:
        """By how much the wall clock was set since the last look, positive if ahead; None if it was not.

        Several small steps make a large one: what drift can't explain is added up.
        """
        offset_us = wall_us - monotonic_us
        ahead_us = offset_us - self._offset_us
        drift_us = SLEW_MAX * (monotonic_us - self._looked_us)
        self._looked_us = monotonic_us
        if abs(ahead_us) > STEP_MIN_S * 1e6:
            self._offset_us = offset_us
            return ahead_us / 1e6
        self._offset_us += max(-drift_us, min(drift_us, ahead_us))
        return None
