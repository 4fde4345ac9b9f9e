"""After weeks without a channel the books are read by pages: nothing is lost, and the order stays."""

from __future__ import annotations

import pytest

from actors.alerting import Sender
from actors.alerting.outgoing import ALONE_MAX, QUEUE_MAX
from actors.alerting.telegram_text import render
from core.messages.alerting import Severity
from core.messages.room_status import AlertRow
from core.messages.state import GetUndeliveredAlerts, RecordAlertDelivered, UndeliveredAlerts
from core.values import Environment
from tests.actors.alerting.desk import Desk, stored

CALM = 2 * QUEUE_MAX + 7
SENDER = Sender(Environment.PAPER, "mine")


class Books:
    """What waits for the one channel, and the pages that state makes of it."""

    def __init__(self, desk: Desk, waiting: list[AlertRow]) -> None:
        self.desk, self.waiting = desk, waiting
        self.seen = 0
        self.records = True
        self.pages = 0

    def answer(self) -> None:
        """Do what state was told since."""
        while self.seen < len(told := self.desk.ctx.told_to(self.desk.state)):
            message = told[self.seen]
            self.seen += 1
            match message:
                case RecordAlertDelivered() if self.records:
                    self.waiting = [one for one in self.waiting if one.alert_id != message.alert_id]
                case GetUndeliveredAlerts():
                    self.pages += 1
                    self.desk.actor.on_receive(self.page(message))
                case _:
                    pass

    def page(self, query: GetUndeliveredAlerts) -> UndeliveredAlerts:
        alerts: list[AlertRow] = []
        more: list[Severity] = []
        behind = dict(query.behind)
        for severity in Severity:
            of_it = [one for one in self.waiting if one.severity is severity]
            ids = [one.alert_id for one in of_it]
            begin = ids.index(behind[severity]) + 1 if severity in behind else 0
            alerts += of_it[begin : begin + QUEUE_MAX]
            if len(of_it) > begin + QUEUE_MAX:
                more.append(severity)
        return UndeliveredAlerts(
            request_id=query.request_id, channel=query.channel, alerts=tuple(alerts), more=tuple(more)
        )


def waiting(count: int) -> list[AlertRow]:
    return [stored(f"a{number}", str(number), number, Severity.HIGH) for number in range(count)]


def taken(desk: Desk) -> list[str]:
    return [alert.text for letter in desk.channel.taken for alert in letter.alerts]


def test_thousands_that_wait_are_brought_page_by_page_in_their_order() -> None:
    desk = Desk(backlog=None)
    books = Books(desk, waiting(CALM))
    while books.waiting:
        books.answer()
        before = len(books.waiting)
        assert desk.channel_status.queued <= QUEUE_MAX
        desk.run(5)  # Books that have not answered within 10 s are asked again.
        books.answer()
        assert len(books.waiting) < before, "it stands still"
    assert taken(desk) == [str(number) for number in range(CALM)]
    assert books.pages == 3


def test_what_comes_while_more_waits_than_a_page_holds_comes_after_it() -> None:
    desk = Desk(backlog=None)
    books = Books(desk, waiting(CALM))
    books.answer()
    desk.alert("fresh", Severity.HIGH)
    books.waiting.append(stored("fresh", "fresh", CALM, Severity.HIGH))
    for _ in range(12):
        desk.run(30)
        books.answer()
    assert taken(desk) == [*(str(number) for number in range(CALM)), "fresh"]


def test_a_page_whose_delivery_is_not_on_record_yet_does_not_stop_the_next() -> None:
    desk = Desk(backlog=None)
    books = Books(desk, waiting(CALM))
    books.records = False
    for _ in range(12):
        books.answer()
        desk.run(30)
    assert taken(desk) == [str(number) for number in range(CALM)]


def test_a_backlog_is_a_few_letters_that_count_by_code() -> None:
    desk = Desk(backlog=None)
    books = Books(desk, waiting(CALM))
    for _ in range(12):
        books.answer()
        desk.run(30)
    assert [len(letter.alerts) for letter in desk.channel.taken] == [QUEUE_MAX, QUEUE_MAX, 7]
    text = render(desk.channel.taken[0], SENDER, markup=False)
    assert f"{QUEUE_MAX} alerts have waited, told by their codes" in text
    assert f"C (C ×{QUEUE_MAX}): {QUEUE_MAX - 1}" in text, "the last one's words"
    assert "run.py audit tail --kind ALERT shows each" in text


@pytest.mark.parametrize(("count", "letters"), [(ALONE_MAX - 1, ALONE_MAX), (CALM, 2 + 7 + 1)])
def test_a_new_critical_one_does_not_wait_for_hours_behind_a_backlog(count: int, letters: int) -> None:
    """One by one they go at one a second: behind 50,000 the newest would come after 14 hours."""
    desk = Desk(backlog=None)
    old = [stored(f"a{number}", str(number), number - count, Severity.CRITICAL) for number in range(count)]
    books = Books(desk, old)
    books.answer()
    desk.alert("now", Severity.CRITICAL)
    if count > QUEUE_MAX:
        books.waiting.append(stored("now", "now", 0))
    for _ in range(3):
        books.answer()
        desk.run(10)
    assert taken(desk) == [*(str(number) for number in range(count)), "now"]
    assert len(desk.channel.taken) == letters
