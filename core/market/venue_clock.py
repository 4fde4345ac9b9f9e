"""How far the venue's clock is from ours, as far as one answer can tell."""

from __future__ import annotations

from datetime import datetime


def clock_offset_s(server_time: datetime, *, sent_at: datetime, received_at: datetime) -> float:
    """Venue minus ours, seconds: 0 if `server_time` lies between asking and hearing, else how far outside.

    What the way of the message may explain is not held against the clock.
    """
    if server_time < sent_at:
        return (server_time - sent_at).total_seconds()
    if server_time > received_at:
        return (server_time - received_at).total_seconds()
    return 0.0
