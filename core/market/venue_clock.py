"""The offset of the venue's clock from ours, as far as one answer shows it, and what a time may be ahead."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from core.strategy import AnomalySection


class ClockOffset(NamedTuple):
    """Seconds. `proven_s` is venue minus ours, without what the travel time of the messages may explain.
    `max_s` is the largest difference, in either direction, that the answer allows."""

    proven_s: float
    max_s: float


def clock_offset(server_time: datetime, *, sent_at: datetime, received_at: datetime) -> ClockOffset:
    """The venue read its clock at some moment from `sent_at` to `received_at`: its offset lies between the
    differences to these."""
    from_sent_s = (server_time - sent_at).total_seconds()
    from_received_s = (server_time - received_at).total_seconds()
    proven_s = from_sent_s if from_sent_s < 0 else max(0.0, from_received_s)
    return ClockOffset(proven_s, max(abs(from_sent_s), abs(from_received_s)))


def latest_time(now: datetime, anomalies: AnomalySection) -> datetime:
    """The latest time that what has happened by now may bear: the venue's clock may be a little ahead."""
    return now + timedelta(seconds=anomalies.clock_ahead_max_s)
