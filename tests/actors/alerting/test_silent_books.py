"""Alerting while the books do not answer: a person is told all the same, and memory stays bounded."""

from __future__ import annotations

import pytest

from actors.alerting import channel_records, outgoing
from actors.alerting.channel_queue import BACKLOG_AGAIN_S, BACKLOG_WAIT_S
from core.messages.alerting import Severity
from core.messages.state import GetUndeliveredAlerts
from tests.actors.alerting.desk import Desk, stored

QUEUE_MAX = 20
RECORDS_MAX = 30


@pytest.fixture(autouse=True)
def _small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "QUEUE_MAX", QUEUE_MAX)
    monkeypatch.setattr(channel_records, "RECORDS_MAX", RECORDS_MAX)


@pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.HIGH])
def test_after_more_alerts_than_memory_holds_new_ones_are_sent_though_the_books_stay_silent(
    severity: Severity,
) -> None:
    """What waits in the books alone can't be read; what is raised from then on must not wait for it."""
    desk = Desk()
    for number in range(QUEUE_MAX + 1):
        desk.alert(f"flood {number}", severity)
    desk.state_answers = False
    desk.run(3.0 * QUEUE_MAX + BACKLOG_WAIT_S + 20)
    desk.alert("raised while the books are silent", severity)
    desk.run(60)
    assert "raised while the books are silent" in desk.sent


def test_what_waits_in_the_books_is_asked_for_until_they_answer_and_still_comes() -> None:
    desk = Desk()
    for number in range(QUEUE_MAX + 1):
        desk.alert(f"flood {number}", Severity.HIGH)
    desk.run(60)
    desk.state_answers = False
    desk.run(BACKLOG_WAIT_S + 2 * BACKLOG_AGAIN_S + 5)
    asked = len(desk.recorded(GetUndeliveredAlerts))
    desk.run(2 * BACKLOG_AGAIN_S)
    assert len(desk.recorded(GetUndeliveredAlerts)) >= asked + 1
    desk.state_answers = True
    desk.backlog(stored("late", f"flood {QUEUE_MAX}", -1, Severity.HIGH))
    desk.run(60)
    assert f"flood {QUEUE_MAX}" in desk.sent
    asked = len(desk.recorded(GetUndeliveredAlerts))
    desk.run(4 * BACKLOG_AGAIN_S)
    assert len(desk.recorded(GetUndeliveredAlerts)) == asked


def test_a_first_question_that_was_lost_is_asked_again() -> None:
    desk = Desk(backlog=None)
    desk.run(BACKLOG_WAIT_S + 1)
    assert len(desk.recorded(GetUndeliveredAlerts)) == 2


def test_silent_books_do_not_fill_the_memory_with_what_they_shall_record() -> None:
    """Before, each letter left two records more, for as long as the books were silent."""
    desk = Desk()
    desk.state_answers = False
    for number in range(2 * RECORDS_MAX):
        desk.alert(str(number), Severity.HIGH)
        desk.run(10)
    assert len(desk.channel.taken) == 2 * RECORDS_MAX
    assert len(desk.actor.outbox.pending) <= 3 * RECORDS_MAX
