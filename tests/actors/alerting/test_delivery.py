"""What goes into one letter, when it goes, and what becomes of one that is refused."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.alerting import DeliveryTimes, Letter, NotTaken
from actors.alerting.standing import ENDS
from core.alerts import AlertCode, begins_of
from core.messages.alerting import ChannelsTried, ChannelTried, Severity, TryChannels
from core.messages.state import (
    RecordAlert,
    RecordAlertDelivered,
    RecordAlertParked,
    RecordAlertsTried,
    Recording,
)
from core.messages.state_queries import AlertsRead, GetAlertsOf
from tests.actors.alerting.desk import START, Desk, stored
from tests.fakes.channel import FakeChannel

BAD = "poison"


def refuses_poison(letter: Letter) -> NotTaken | None:
    if any(BAD in f"{alert.code} {alert.text} {alert.cause}" for alert in letter.alerts):
        return NotTaken("HTTP 400: can't be shown", refused=True)
    return None


def texts(channel: FakeChannel) -> list[str]:
    """Of every alert that was taken, in order."""
    return [alert.text for letter in channel.taken for alert in letter.alerts]


def test_high_waits_five_seconds_for_what_comes_with_it_and_critical_passes() -> None:
    desk = Desk()
    desk.alert("a", Severity.HIGH)
    desk.run(2)
    desk.alert("b", Severity.MEDIUM)
    desk.alert("c", Severity.HIGH)
    desk.run(2)
    assert desk.sent == []
    desk.alert("now")
    desk.run(1, step_s=0.5)
    assert desk.sent == ["now"]
    desk.run(3)
    assert desk.sent == ["now", "a | c | b"]


def test_critical_alerts_are_never_grouped() -> None:
    desk = Desk()
    for text in ("1", "2", "3"):
        desk.alert(text)
    desk.run(5)
    assert desk.sent == ["1", "2", "3"]


def test_a_critical_alert_does_not_wait_out_the_pause_after_a_failure() -> None:
    desk = Desk()
    desk.channel.outcomes.extend(NotTaken("down") for _ in range(4))
    desk.alert("old", Severity.HIGH)
    desk.run(60)
    assert len(desk.sent) == 4
    desk.alert("now")
    desk.run(2)
    assert desk.sent[4] == "now"


def test_a_critical_alert_waits_as_long_as_the_service_asked_for() -> None:
    desk = Desk()
    desk.channel.outcomes.append(NotTaken("429", retry_after_s=30.0))
    desk.alert("old", Severity.HIGH)
    desk.run(6)
    desk.alert("now")
    desk.run(20)
    assert desk.sent == ["old"]
    desk.run(12)
    assert desk.sent == ["old", "now", "old"]


def test_low_alerts_wait_for_the_digest_and_it_makes_no_sound() -> None:
    desk = Desk(times=DeliveryTimes(digest_at=time(15)))
    desk.alert("a", Severity.LOW)
    desk.alert("b", Severity.LOW)
    desk.run(3500)
    assert desk.sent == []
    desk.run(110)
    assert desk.sent == ["a | b"]
    assert desk.channel.letters[0].silent


def test_a_digest_that_a_stop_has_delayed_is_sent_at_the_next_start() -> None:
    desk = Desk(backlog=None, times=DeliveryTimes(digest_at=time(8)))
    desk.backlog(stored("a", "old", -86_400, Severity.LOW), stored("b", "young", -60, Severity.LOW))
    desk.run(5)
    assert desk.sent == ["old | young"]


def test_in_quiet_hours_critical_alone_is_sent_and_the_rest_afterwards() -> None:
    quiet = DeliveryTimes(zone=ZoneInfo("Europe/Rome"), quiet=(time(14, 30), time(15, 30)))
    desk = Desk(times=quiet)
    desk.alert("later", Severity.HIGH)
    desk.alert("now")
    desk.run(60)
    assert desk.sent == ["now"]
    desk.run(1800)
    assert desk.sent == ["now", "later"]


def test_an_end_has_its_beginnings_severity_is_silent_and_says_how_long_and_what_is_still_true() -> None:
    desk = Desk()
    desk.alert("deribit is silent", Severity.MEDIUM, code=AlertCode.PROBE_FAILED, cause="mcp.deribit")
    desk.alert("macro is silent", Severity.MEDIUM, code=AlertCode.PROBE_FAILED, cause="mcp.macro")
    desk.run(10)
    desk.alert("armed by health: three probes", code=AlertCode.ARMED_PROBES, cause="health")
    desk.run(830)
    desk.alert("macro answers again", Severity.LOW, code=AlertCode.PROBE_BACK, cause="mcp.macro")
    desk.run(1)
    end = desk.channel.letters[-1]
    assert [alert.severity for alert in end.alerts] == [Severity.MEDIUM]
    assert end.silent
    assert desk.sent[-1] == (
        "macro answers again after 14 min; still true: "
        "the switch is armed (armed by health: three probes); deribit is silent"
    )
    record = desk.recorded(RecordAlert)[-1]
    assert isinstance(record, RecordAlert)
    assert record.alert.text == desk.sent[-1], "the books hold what was sent"


def test_the_end_of_one_routers_warnings_leaves_those_of_another() -> None:
    desk = Desk()
    for router in ("deribit", "macro"):
        desk.alert(f"{router} warns", Severity.MEDIUM, code=AlertCode.HOST_WARNS, cause=f"mcp.{router}")
    desk.run(10)
    ended = "macro warns of nothing any more"
    desk.alert(ended, Severity.LOW, code=AlertCode.HOST_WARNS_NO_MORE, cause="mcp.macro")
    desk.run(1)
    assert desk.sent[-1] == f"{ended} after 10 s; still true: deribit warns"


def test_an_end_comes_after_its_beginning_though_it_does_not_wait() -> None:
    desk = Desk()
    desk.alert("lost", Severity.HIGH, code=AlertCode.MARKET_DATA_LOST, cause="snapshot-1")
    desk.run(1)
    desk.alert("back", Severity.LOW, code=AlertCode.MARKET_DATA_BACK, cause="market_data")
    desk.run(1)
    assert desk.sent == ["lost | back after 1 s"]
    assert not desk.channel.letters[0].silent


def test_an_end_whose_beginning_nobody_was_told_is_a_line_of_the_digest() -> None:
    desk = Desk()
    desk.alert("back", Severity.LOW, code=AlertCode.PROBE_BACK, cause="mcp.macro")
    desk.run(60)
    assert desk.sent == []


def test_after_a_disarming_the_switch_is_not_said_to_be_armed() -> None:
    desk = Desk()
    desk.alert("low", Severity.HIGH, code=AlertCode.DISK_LOW, cause="disk")
    desk.alert("armed", code=AlertCode.ARMED_OPERATOR, cause="a")
    desk.alert("disarmed", Severity.HIGH, code=AlertCode.DISARMED, cause="b")
    desk.alert("room again", Severity.LOW, code=AlertCode.DISK_BACK, cause="disk")
    desk.run(10)
    assert "disarmed | room again after 0 s" in desk.sent[-1]


def test_a_restart_remembers_from_the_books_what_lasts() -> None:
    desk = Desk()
    [asked] = desk.recorded(GetAlertsOf)
    assert isinstance(asked, GetAlertsOf)
    assert "probe_failed" in asked.codes
    begin = stored("p", "macro is silent", -7200, Severity.MEDIUM).model_copy(
        update={"code": "probe_failed", "cause": "mcp.macro"}
    )
    desk.actor.on_receive(AlertsRead(request_id=asked.request_id, alerts=(begin,)))
    desk.alert("macro answers again", Severity.LOW, code=AlertCode.PROBE_BACK, cause="mcp.macro")
    desk.run(2)
    assert desk.sent == ["macro answers again after 2 h"]


def test_of_an_earlier_life_only_an_arming_is_still_true() -> None:
    """A router that was silent when the engine was killed may have answered ever since: nobody has told."""
    desk = Desk()
    silent = stored("p", "macro is silent", -20_000, Severity.MEDIUM).model_copy(
        update={"code": "probe_failed", "cause": "mcp.macro"}
    )
    armed = stored("q", "armed by a person", -20_000).model_copy(update={"code": "armed:operator"})
    desk.actor.on_receive(AlertsRead(request_id="r", alerts=(silent, armed)))
    desk.alert("low", Severity.HIGH, code=AlertCode.DISK_LOW, cause="disk")
    desk.alert("room again", Severity.LOW, code=AlertCode.DISK_BACK, cause="disk")
    desk.run(5)
    assert desk.sent == ["low | room again after 0 s; still true: the switch is armed (armed by a person)"]


@pytest.mark.parametrize("code", sorted(ENDS))
def test_every_end_of_the_table_is_one_here(code: AlertCode) -> None:
    begin = min(begins_of(code))
    desk = Desk()
    desk.alert("it began", Severity.HIGH, code=begin, cause="x")
    desk.run(10)
    desk.alert("it ended", Severity.LOW, code=code, cause="x")
    desk.run(1)
    assert desk.sent[-1] == "it ended after 10 s"
    assert desk.channel.letters[-1].silent


@pytest.mark.raises_alert(AlertCode.ALERT_PARKED)
def test_one_refused_alert_is_parked_named_and_kept_and_the_rest_go_on() -> None:
    desk = Desk()
    desk.channel.judge = refuses_poison
    for text in ("a", BAD, "b"):
        desk.alert(text)
    desk.run(120)
    assert [text for text in texts(desk.channel) if not text.startswith("An alert")] == ["a", "b"]
    assert desk.sent.count(BAD) == 3
    [notice] = [letter for letter in desk.channel.taken if letter.alerts[0].code == AlertCode.ALERT_PARKED]
    assert "CRITICAL" in notice.alerts[0].text
    [parked] = desk.recorded(RecordAlertParked)
    assert isinstance(parked, RecordAlertParked)
    bad = [m.alert for m in desk.recorded(RecordAlert) if isinstance(m, RecordAlert) and m.alert.text == BAD]
    assert parked.alert_id == bad[0].alert_id
    for delivered in desk.recorded(RecordAlertDelivered):
        assert isinstance(delivered, RecordAlertDelivered)
        assert delivered.alert_id != parked.alert_id
    assert desk.channel_status.parked == (f"CRITICAL order_filled of {START:%Y-%m-%d %H:%M:%S}Z",)
    assert desk.channel_status.queued == 0


def test_the_notice_has_no_word_of_the_alert_that_may_be_what_is_refused() -> None:
    desk = Desk()
    desk.channel.judge = refuses_poison
    desk.alert("x", cause=BAD, subject=BAD)
    desk.run(120)
    assert len(desk.recorded(RecordAlertParked)) == 1


def test_of_a_refused_group_the_one_that_is_refused_is_found() -> None:
    desk = Desk()
    desk.channel.judge = refuses_poison
    sent = [f"{number}" if number not in (3, 11) else f"{BAD} {number}" for number in range(19)]
    for text in sent:
        desk.alert(text, Severity.HIGH)
    desk.run(600)
    came = [text for text in texts(desk.channel) if not text.startswith("An alert")]
    assert came == [text for text in sent if BAD not in text]
    assert len(desk.recorded(RecordAlertParked)) == 2


@pytest.mark.parametrize("alerts", [1, 5])
def test_a_service_that_refuses_everything_loses_nothing(alerts: int) -> None:
    """The chat is gone, say: that is no fault of the alerts, and none is parked however long it lasts."""
    desk = Desk()
    gone = [True]
    desk.channel.judge = lambda _: NotTaken("HTTP 400: chat not found", refused=True) if gone[0] else None
    for number in range(alerts):
        desk.alert(str(number), Severity.HIGH)
    desk.run(7200)
    assert desk.recorded(RecordAlertParked) == []
    assert desk.channel_status.failing_since is not None
    gone[0] = False
    desk.run(300)
    assert [text for text in texts(desk.channel) if not text.startswith("An alert")] == [
        str(number) for number in range(alerts)
    ]


def test_an_attempt_is_on_record_before_it_is_made() -> None:
    desk = Desk()
    desk.state_answers = False
    desk.alert("x")
    desk.run(1, step_s=0.5)
    assert len(desk.recorded(RecordAlertsTried)) == 1
    assert desk.sent == []
    desk.answer_attempts()
    desk.run(1)
    assert desk.sent == ["x"]


def test_books_that_do_not_answer_delay_an_alert_by_two_seconds() -> None:
    desk = Desk()
    desk.state_answers = False
    desk.alert("x")
    desk.run(4)
    assert desk.sent == ["x"]


def test_what_an_earlier_life_tried_is_marked_as_a_repeat_and_nothing_else() -> None:
    desk = Desk(backlog=None)
    desk.backlog(stored("a", "tried", -60), stored("b", "waited", -30), tried=("a",))
    desk.run(5)
    assert [letter.repeats for letter in desk.channel.letters] == [frozenset({"a"}), frozenset()]
    first = desk.channel.letters[0]
    assert first.shown(first.alerts[0]).text.startswith("(repeated: this may have reached you before) ")


@pytest.mark.parametrize(("perhaps", "repeats"), [(True, 1), (False, 0)])
def test_an_attempt_of_unknown_outcome_makes_the_next_one_a_repeat(perhaps: bool, repeats: int) -> None:
    desk = Desk()
    desk.channel.outcomes.append(NotTaken("no answer", perhaps=perhaps))
    desk.alert("x")
    desk.run(5)
    assert [len(letter.repeats) for letter in desk.channel.letters] == [0, repeats]


def test_where_market_time_jumps_the_pauses_are_those_of_process_time() -> None:
    """A back-off of a minute must not be sixty attempts in one second of the real world."""
    desk = Desk()
    desk.channel.outcomes.extend(NotTaken("down") for _ in range(1000))
    desk.alert("x")
    desk.answers = (Recording,)
    desk.run(10)
    attempts, stands = len(desk.sent), desk.ctx.process_time_s
    for _ in range(3000):
        desk.ctx.process_time_s = stands
        desk.run(60, step_s=60.0)
    assert len(desk.sent) <= attempts + 1
    desk.ctx.process_time_s = stands + 60
    desk.run(120, step_s=60.0)
    assert len(desk.sent) > attempts + 1


def test_the_channels_are_tried_past_all_queues_and_the_outcome_of_each_is_told() -> None:
    desk = Desk(channels=2)
    desk.channels[1].judge = lambda _: NotTaken("HTTP 403")
    query = TryChannels()
    with desk.ctx.handling(query, sender=desk.state):
        desk.actor.on_receive(query)
    desk.pump()
    [answer] = [message for message in desk.ctx.told_to(desk.state) if isinstance(message, ChannelsTried)]
    assert answer.channels == (
        ChannelTried(channel="fake-0", error=None),
        ChannelTried(channel="fake-1", error="HTTP 403"),
    )
    assert desk.recorded(RecordAlert) == []


def test_a_dead_channel_is_seen_before_it_is_needed() -> None:
    desk = Desk()
    desk.alert("waits for the digest", Severity.LOW)
    desk.channel.problem = "HTTP 401: Unauthorized"
    desk.run(20)
    assert desk.channel_status.failing_since is not None
    assert desk.channel_status.last_error == "HTTP 401: Unauthorized"
    desk.channel.problem = None
    desk.run(700)
    assert desk.channel_status.failing_since is None


words = st.sampled_from(list(Severity))


@settings(max_examples=40, deadline=None)
@given(
    raised=st.lists(st.tuples(words, st.integers(0, 40)), min_size=1, max_size=30),
    outages=st.lists(st.booleans(), max_size=60),
)
def test_whatever_fails_nothing_is_lost_and_the_order_within_a_severity_is_kept(
    raised: list[tuple[Severity, int]], outages: list[bool]
) -> None:
    desk = Desk(times=DeliveryTimes(digest_at=time(15)))
    desk.answers = (Recording,)
    desk.channel.outcomes.extend(NotTaken("down") for down in outages if down)
    for number, (severity, wait_s) in enumerate(raised):
        desk.alert(str(number), severity)
        desk.run(wait_s)
    desk.run(90_000, step_s=60.0)
    got = [(alert.severity, int(alert.text)) for letter in desk.channel.taken for alert in letter.alerts]
    assert sorted(number for _, number in got) == list(range(len(raised)))
    for severity in Severity:
        numbers = [number for found, number in got if found is severity]
        assert numbers == sorted(numbers)
