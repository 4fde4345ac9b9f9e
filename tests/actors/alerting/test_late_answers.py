"""A service that takes a letter and answers too late: what is repeated does not hold up the rest."""

from __future__ import annotations

from actors.alerting import Letter, NotTaken
from core.messages.alerting import Severity
from tests.actors.alerting.desk import Desk

LATE = NotTaken("no complete answer within 8 s", perhaps=True, late=True)


def sent_texts(desk: Desk) -> list[str]:
    return list(dict.fromkeys(alert.text for letter in desk.channel.letters for alert in letter.alerts))


def test_where_every_answer_is_late_later_alerts_come_along_with_the_first() -> None:
    """The first was sent again and again, each time with success, and nothing else ever was."""
    desk = Desk()
    desk.channel.judge = lambda _: LATE
    desk.alert("a")
    desk.alert("b")
    desk.alert("c", Severity.HIGH)
    desk.run(300)
    assert sent_texts(desk) == ["a", "b", "c"]
    last: Letter = desk.channel.letters[-1]
    assert [alert.text for alert in last.alerts] == ["a", "b", "c"]
    assert len(last.repeats) == 3
    desk.channel.judge = lambda _: None
    desk.run(120)
    assert [[alert.text for alert in letter.alerts] for letter in desk.channel.taken] == [["a", "b", "c"]]
    desk.alert("d")
    desk.alert("e")
    desk.run(5)
    assert [len(letter.alerts) for letter in desk.channel.taken[1:]] == [1, 1]


def test_a_service_that_is_not_reached_is_no_late_one() -> None:
    desk = Desk()
    desk.channel.judge = lambda _: NotTaken("not connected")
    desk.alert("a")
    desk.alert("b")
    desk.run(600)
    assert {len(letter.alerts) for letter in desk.channel.letters} == {1}
