"""The arithmetic of restarts: properties of the window and the backoff."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime import Backoff
from actors.runtime.policy.restarts import Window, backoff_delay_s, failures_in_a_row

SECOND_US = 1_000_000
gaps = st.lists(st.integers(0, 40 * SECOND_US), max_size=40)


@given(gaps=gaps, intensity=st.integers(0, 6), period_us=st.integers(1, 90 * SECOND_US))
def test_window_is_exhausted_exactly_when_too_many_are_inside(
    gaps: list[int], intensity: int, period_us: int
) -> None:
    """Exhausted if and only if more than `intensity` failures, edges included, fall into the last period."""
    window, now_us, failures = Window(intensity, period_us), 0, []
    for gap_us in gaps:
        now_us += gap_us
        failures.append(now_us)
        window = window.with_failure(now_us)
        inside = [at for at in failures if now_us - at <= period_us]
        assert window.exhausted == (len(inside) > intensity)


def test_windows_edge_is_inside() -> None:
    """As in OTP a failure exactly one period old counts, a microsecond more and it does not."""
    window = Window(intensity=1, period_us=60 * SECOND_US).with_failure(0)
    assert window.with_failure(60 * SECOND_US).exhausted
    assert not window.with_failure(60 * SECOND_US + 1).exhausted


def test_emptied_window_forgets() -> None:
    """After parking the count begins anew."""
    assert not Window(0, SECOND_US).with_failure(0).emptied().exhausted


@given(count=st.integers(1, 5000), draw=st.floats(0.0, 1.0, exclude_max=True))
def test_backoff_stays_between_its_bounds(count: int, draw: float) -> None:
    """Never below the minimum, never above the cap plus jitter, and never shrinking with the count."""
    backoff = Backoff(min_s=0.1, cap_s=30.0, jitter=0.2)
    delay_s = backoff_delay_s(backoff, count, draw)
    assert 0.1 <= delay_s <= 30.0 * 1.2
    assert backoff_delay_s(backoff, count + 1, draw) >= delay_s


def test_backoff_refuses_a_count_of_none() -> None:
    """The first failure is number one."""
    with pytest.raises(ValueError, match="at least 1"):
        backoff_delay_s(Backoff(), 0, 0.0)


def test_count_starts_again_after_service() -> None:
    """`reset_after_s` of service without a failure clears the count; a microsecond less does not."""
    backoff = Backoff(reset_after_s=60.0)
    assert failures_in_a_row(4, 0, 60 * SECOND_US, backoff) == 1
    assert failures_in_a_row(4, 0, 60 * SECOND_US - 1, backoff) == 5
    assert failures_in_a_row(4, None, 10**12, backoff) == 5
