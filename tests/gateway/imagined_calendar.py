"""A calendar of events around any day, for tests in real time that outlive the shipped one."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import yaml

MONTHS_BACK, MONTHS_AHEAD = 1, 4


def calendar_around(day: date, folder: Path) -> Path:
    """A file that is good from the month before that day to three months after it; of one event a month,
    on its 28th.
    """
    first = day.replace(day=1)
    months = [(first + timedelta(days=31 * n)).replace(day=1) for n in range(-MONTHS_BACK, MONTHS_AHEAD)]
    event = {"name": "Imagined release", "country": "US", "importance": "high", "source": "imagined"}
    content = {
        "version": 1,
        "valid_from": months[0],
        "valid_through": months[-1] - timedelta(days=1),
        "verified_on": day,
        "sources": {"imagined": "nobody publishes this"},
        "events": [event | {"at": f"{month.replace(day=28)}T19:00:00Z"} for month in months],
    }
    path = folder / "calendar.yaml"
    path.write_text(yaml.safe_dump(content), "utf-8")
    return path
