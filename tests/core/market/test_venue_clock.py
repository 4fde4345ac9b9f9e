"""The venue's clock against ours: only a difference that travel time can't explain counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.market.venue_clock import clock_offset_s

SENT = datetime(2026, 1, 5, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("server_s", "took_s", "offset_s"),
    [(0.0, 0.0, 0.0), (1.0, 2.0, 0.0), (2.5, 2.0, 0.5), (-0.5, 2.0, -0.5), (-3.0, 0.0, -3.0)],
)
def test_offset_is_the_distance_from_between_asking_and_hearing(
    server_s: float, took_s: float, offset_s: float
) -> None:
    found = clock_offset_s(
        SENT + timedelta(seconds=server_s), sent_at=SENT, received_at=SENT + timedelta(seconds=took_s)
    )
    assert found == pytest.approx(offset_s)
