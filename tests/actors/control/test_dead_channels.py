"""A dead alert channel fails the health check: nobody else tells of it, least of all the channel."""

from __future__ import annotations

from datetime import timedelta

from actors.control.survey import healthcheck
from core.messages.control import Healthcheck
from core.messages.room_status import AlertingStatus, ChannelStatus
from tests.cli.test_shown import status

NOW = status().at


def checked(**channel: object) -> Healthcheck:
    fields = {"channel": "telegram", "queued": 3, "delivered": 0, "overflowed": 0, "last_error": "HTTP 401"}
    one = ChannelStatus.model_validate(fields | channel)
    alerting = AlertingStatus(channels=(one,), unrecorded=0, last_error=None, recent=())
    return healthcheck(status(alerting=alerting, cells=()))


def test_a_channel_that_has_failed_for_ten_minutes_is_a_problem() -> None:
    [problem] = checked(failing_since=NOW - timedelta(minutes=10)).problems
    assert problem.startswith("telegram has taken no alert since ")
    assert "3 wait: HTTP 401; run.py alert test tries it" in problem


def test_a_short_failure_and_one_that_is_over_are_none() -> None:
    assert checked(failing_since=NOW - timedelta(minutes=9)).ok
    assert checked(failing_since=None).ok


def test_an_alert_that_was_refused_for_good_is_a_note() -> None:
    found = checked(parked=("HIGH x of 14:00",))
    assert found.ok
    assert "telegram refused an alert for good: HIGH x of 14:00" in found.notes
