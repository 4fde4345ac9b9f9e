"""The offset of the venue's clock from ours, as far as one answer shows it."""

from __future__ import annotations

from datetime import datetime


def clock_offset_s(server_time: datetime, *, sent_at: datetime, received_at: datetime) -> float:
    """Venue minus ours, seconds: how far `server_time` lies outside [`sent_at`, `received_at`], 0 if inside.

    A difference that the travel time of the messages may explain is not counted.
    """
    if server_time < sent_at:
        return (server_time - sent_at).total_seconds()
    if server_time > received_at:
        return (server_time - received_at).total_seconds()
    return 0.0
