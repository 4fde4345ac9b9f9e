"""A state that lasts is told as it begins, seldom while it lasts, and once that it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from actors.room import HOUR_S, StandingAlert

START = datetime(2026, 1, 5, tzinfo=UTC)


def told_minutes(alert: StandingAlert, minutes: int) -> list[int]:
    return [minute for minute in range(minutes) if alert.tell_now(START + timedelta(minutes=minute))]


def test_the_distance_grows_up_to_its_cap() -> None:
    told = told_minutes(StandingAlert(600, 6 * HOUR_S), 36 * 60)
    assert told == [0, 10, 30, 70, 150, 310, 630, 990, 1350, 1710, 2070]


def test_without_a_cap_the_distance_stays() -> None:
    assert told_minutes(StandingAlert(HOUR_S), 150) == [0, 60, 120]


def test_an_end_is_news_once_and_only_after_a_beginning() -> None:
    alert = StandingAlert(600, 6 * HOUR_S)
    assert not alert.tell_end()
    told_minutes(alert, 100)
    assert alert.tell_end()
    assert not alert.tell_end()
    assert told_minutes(alert, 31) == [0, 10, 30]


def test_a_clock_that_was_ahead_keeps_no_alert_back() -> None:
    """What was told by it was told hours later than now."""
    alert = StandingAlert(600)
    assert alert.tell_now(START + timedelta(hours=8))
    assert told_minutes(alert, 21) == [0, 10, 20]
