"""The digest and quiet hours follow the clock on the operator's wall."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.alerting import DeliveryTimes


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize(
    ("after", "digest"),
    [
        ("2026-01-05T06:59", "2026-01-05T07:00"),
        ("2026-01-05T07:00", "2026-01-06T07:00"),
        ("2026-07-05T05:59", "2026-07-05T06:00"),
        ("2026-03-28T23:00", "2026-03-29T06:00"),
    ],
)
def test_the_digest_follows_the_clock_on_the_wall(after: str, digest: str) -> None:
    assert DeliveryTimes(zone=ROME).next_digest(at(after)) == at(digest)


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        ("2026-01-05T20:59", "2026-01-05T20:59"),
        ("2026-01-05T21:00", "2026-01-06T06:00"),
        ("2026-01-06T03:00", "2026-01-06T06:00"),
        ("2026-01-06T06:00", "2026-01-06T06:00"),
    ],
)
def test_quiet_hours_may_go_over_midnight(now: str, allowed: str) -> None:
    times = DeliveryTimes(zone=ROME, quiet=(time(22), time(7)))
    assert times.allowed_from(at(now)) == at(allowed)


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        ("2026-10-25T00:29", "2026-10-25T00:30"),
        ("2026-10-25T01:10", "2026-10-25T01:30"),
        ("2026-10-25T01:30", "2026-10-25T01:30"),
        ("2026-10-25T21:00", "2026-10-26T01:30"),
        ("2026-03-29T00:59", "2026-03-29T01:30"),
    ],
)
def test_quiet_hours_end_on_the_night_on_which_the_clock_is_set(now: str, allowed: str) -> None:
    """At 3:00 it is 2:00 again: an alert of the second 2:10 has to wait for 2:30, not for a day."""
    times = DeliveryTimes(zone=ROME, quiet=(time(22), time(2, 30)))
    assert times.allowed_from(at(now)) == at(allowed)


def test_a_digest_at_a_time_that_comes_twice_comes_once() -> None:
    times = DeliveryTimes(zone=ROME, digest_at=time(2, 30))
    assert times.next_digest(at("2026-10-25T00:30")) == at("2026-10-26T01:30")


@given(st.integers(0, 365 * 86_400), st.times(), st.times())
def test_quiet_hours_end_within_a_day_and_never_begin_twice(seconds: int, begins: time, ends: time) -> None:
    times = DeliveryTimes(zone=ROME, quiet=(begins.replace(microsecond=0), ends.replace(microsecond=0)))
    if times.quiet is None or times.quiet[0] == times.quiet[1]:
        return
    asked = at("2026-01-01T00:00") + timedelta(seconds=seconds)
    found = times.allowed_from(asked)
    assert asked <= found <= asked + timedelta(hours=25)
    assert found == asked or times.quiet[1] <= found.astimezone(ROME).time()
