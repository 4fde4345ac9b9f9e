"""How long this process has run: a person who waits counts from there, not from the first line of ours."""

from __future__ import annotations

import os
import time
from pathlib import Path

_STAT = Path("/proc/self/stat")
_START_FIELD = 19
"""Of the fields after the name: when the process was started, in ticks since the machine's boot."""


def process_began_s() -> float:
    """When this process was started, in seconds of the monotonic clock; now, if the system does not tell."""
    try:
        fields = _STAT.read_bytes().rpartition(b")")[2].split()
        since_boot_s = int(fields[_START_FIELD]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return time.monotonic()
    return min(time.monotonic(), since_boot_s - _slept_s())


def _slept_s() -> float:
    """How far the clock since boot is ahead of the monotonic one, which stands still while a machine sleeps.

    The smallest of a few differences: the process may have to wait between two readings.
    """
    return min(-time.monotonic() + time.clock_gettime(time.CLOCK_BOOTTIME) for _ in range(5))
