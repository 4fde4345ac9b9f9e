"""Two channels of which one is dead: the other is not kept waiting by it."""

from __future__ import annotations

from actors.alerting import Letter, NotTaken
from core.messages.alerting import Severity
from core.messages.state import RecordAlertDelivered
from tests.actors.alerting.desk import Desk


def test_a_critical_alert_goes_over_the_channel_that_works_before_the_dead_one_is_tried() -> None:
    """A dead one takes eight seconds for an attempt, and both are served by one room."""
    desk = Desk(channels=2)
    dead, alive = desk.channels
    tried: list[str] = []

    def down(_: Letter) -> NotTaken:
        tried.append("dead")
        return NotTaken("no answer", perhaps=True)

    dead.judge = down
    alive.judge = lambda _: tried.append("alive")
    desk.alert("first")
    desk.run(30)
    tried.clear()
    desk.alert("second")
    desk.run(3, step_s=0.25)
    assert tried[:2] == ["alive", "dead"]


def test_what_one_channel_took_waits_for_the_other_alone() -> None:
    desk = Desk(channels=2)
    dead, alive = desk.channels
    dead.judge = lambda _: NotTaken("down")
    for number in range(3):
        desk.alert(str(number), Severity.HIGH)
    desk.run(3600, step_s=5.0)
    assert [len(letter.alerts) for letter in alive.taken] == [3]
    dead.judge = lambda _: None
    desk.run(120)
    assert [alert.text for letter in dead.taken for alert in letter.alerts] == ["0", "1", "2"]
    assert len(desk.recorded(RecordAlertDelivered)) == 6
