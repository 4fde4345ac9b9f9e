"""The venue's clock against ours: what one answer proves, and what it leaves open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.market.venue_clock import clock_offset

SENT = datetime(2026, 1, 5, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("server_s", "took_s", "proven_s", "max_s"),
    [
        (0.0, 0.0, 0.0, 0.0),
        (1.0, 2.0, 0.0, 1.0),
        (0.1, 2.0, 0.0, 1.9),
        (2.5, 2.0, 0.5, 2.5),
        (-0.5, 2.0, -0.5, 2.5),
        (-3.0, 0.0, -3.0, 3.0),
    ],
)
def test_what_the_travel_time_explains_is_not_proven_and_what_it_hides_is_possible(
    server_s: float, took_s: float, proven_s: float, max_s: float
) -> None:
    found = clock_offset(
        SENT + timedelta(seconds=server_s), sent_at=SENT, received_at=SENT + timedelta(seconds=took_s)
    )
    assert found == pytest.approx((proven_s, max_s))


@given(
    true_s=st.floats(-100, 100),
    out_s=st.floats(0, 10),
    back_s=st.floats(0, 10),
)
def test_the_true_offset_lies_between_what_is_proven_and_what_is_possible(
    true_s: float, out_s: float, back_s: float
) -> None:
    server = SENT + timedelta(seconds=out_s + true_s)
    found = clock_offset(server, sent_at=SENT, received_at=SENT + timedelta(seconds=out_s + back_s))
    assert abs(found.proven_s) - 1e-5 <= abs(true_s) <= found.max_s + 1e-5
    # The bound is the distance from the middle of the way, plus half the round trip.
    middle_s = out_s + true_s - (out_s + back_s) / 2
    assert found.max_s == pytest.approx(abs(middle_s) + (out_s + back_s) / 2, abs=1e-5)
