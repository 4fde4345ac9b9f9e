"""What a service will not take, however it says so, holds up the rest for minutes and not for ever."""

from __future__ import annotations

import pytest

from actors.alerting import Letter, NotTaken
from actors.alerting.answered import is_broken, is_perhaps_taken, is_refused
from core.alerts import AlertCode
from core.messages.alerting import Severity
from core.messages.state import RecordAlertParked
from tests.actors.alerting.desk import Desk

BAD = "poison"


def answered(status: int) -> NotTaken:
    return NotTaken(
        f"HTTP {status}",
        refused=is_refused(status),
        perhaps=is_perhaps_taken(status),
        broken=is_broken(status),
    )


def parked(desk: Desk) -> int:
    return len(desk.recorded(RecordAlertParked))


def texts(desk: Desk) -> list[str]:
    alerts = [alert for letter in desk.channel.taken for alert in letter.alerts]
    return [alert.text for alert in alerts if alert.code != AlertCode.ALERT_PARKED]


@pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.HIGH])
@pytest.mark.parametrize("status", [400, 403, 406, 409, 413, 415, 422, 451, 500, 501])
def test_of_an_alert_that_one_service_will_not_take_the_rest_goes_on(status: int, severity: Severity) -> None:
    """A firewall before it answers 403 to a text that it takes for an attack, a script behind it fails with
    500: those alerts kept all behind them for ever."""
    desk = Desk()

    def judge(letter: Letter) -> NotTaken | None:
        return answered(status) if any(BAD in alert.text for alert in letter.alerts) else None

    desk.channel.judge = judge
    for text in ("a", f"{BAD} 1", f"{BAD} 2", "b"):
        desk.alert(text, severity)
    desk.run(7200, step_s=5.0)
    assert texts(desk) == ["a", "b"]
    assert parked(desk) == 2


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 408, 410, 429, 500, 501, 502, 503, 504])
def test_a_service_that_takes_nothing_for_a_day_loses_nothing_and_keeps_the_order(status: int) -> None:
    desk = Desk()
    down = [True]
    desk.channel.judge = lambda _: answered(status) if down[0] else None
    for number in range(6):
        desk.alert(str(number), Severity.HIGH if number % 2 else Severity.CRITICAL)
    desk.run(86_400, step_s=60.0)
    assert parked(desk) == 0
    down[0] = False
    desk.run(900, step_s=5.0)
    assert texts(desk) == ["0", "2", "4", "1", "3", "5"]


def test_a_failing_service_is_not_taken_for_one_that_refuses_an_alert() -> None:
    """Ten minutes of HTTP 500 with an answer between are an outage like any other."""
    desk = Desk()
    for number in range(3):
        desk.alert(str(number))
    desk.channel.outcomes.extend([answered(500)] * 9)
    desk.run(3600, step_s=5.0)
    assert texts(desk) == ["0", "1", "2"]
    assert (parked(desk), len(desk.channel.taken)) == (0, 3)


def test_the_notice_that_is_refused_alone_gives_nothing_up() -> None:
    """If only the notice were refused, it would show nothing about the alert."""
    desk = Desk()
    codes = (AlertCode.ORDER_FILLED, AlertCode.ALERT_PARKED)
    desk.channel.judge = lambda letter: answered(400) if letter.alerts[0].code in codes else None
    desk.alert(BAD)
    desk.run(3600, step_s=5.0)
    assert parked(desk) == 0
    assert desk.channel_status.failing_since is not None


def test_an_outage_after_ten_failures_is_no_refusal() -> None:
    desk = Desk()
    desk.alert(BAD)
    desk.channel.outcomes.extend([answered(500)] * 12)
    desk.channel.judge = lambda letter: (
        None if letter.alerts[0].code == AlertCode.ALERT_PARKED else NotTaken("no answer", perhaps=True)
    )
    desk.run(7200, step_s=5.0)
    assert parked(desk) == 0


@pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.HIGH])
def test_an_alert_at_which_the_channel_itself_fails_is_parked_and_the_rest_goes_on(
    severity: Severity,
) -> None:
    """An encoder that raises ended the room, which read the same alert from the books and ended again."""
    desk = Desk()

    def fail(letter: Letter) -> NotTaken | None:
        if any(BAD in alert.text for alert in letter.alerts):
            raise UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates not allowed")
        return None

    desk.channel.judge = fail
    for text in ("a", BAD, "b"):
        desk.alert(text, severity)
    desk.run(600, step_s=5.0)
    assert texts(desk) == ["a", "b"]
    assert parked(desk) == 1
    assert (
        len([letter for letter in desk.channel.letters if [one.text for one in letter.alerts] == [BAD]]) == 3
    )
    (named,) = desk.channel_status.parked
    assert named.startswith(severity.value)


def test_a_channel_that_fails_at_every_letter_gives_nothing_up() -> None:
    desk = Desk()
    down = [True]

    def fail(_letter: Letter) -> NotTaken | None:
        if down[0]:
            raise ValueError("s3cret-token")
        return None

    desk.channel.judge = fail
    desk.alert("a")
    desk.alert("b")
    desk.run(3600, step_s=10.0)
    assert parked(desk) == 0
    assert "s3cret" not in str(desk.channel_status.last_error)
    down[0] = False
    desk.run(300)
    assert texts(desk) == ["a", "b"]
