"""Alerts reach the operator: paced, in order, at least once, whatever Telegram or state do."""

from __future__ import annotations

import pytest

from actors.alerting import Alerting, NotTaken, outgoing
from actors.runtime.testing import FakeAddress, FakeContext
from core.alerts import AlertCode
from core.messages.alerting import (
    AlertRaised,
    AlertTested,
    RaiseAlert,
    SendTestAlert,
    Severity,
)
from core.messages.audit import AuditKind
from core.messages.base import Refused
from core.messages.state import (
    GetUndeliveredAlerts,
    RecordAlert,
    RecordAlertDelivered,
    Recorded,
)
from core.redaction import Redactor
from tests.actors.alerting.desk import START, Desk, stored
from tests.fakes.channel import FakeChannel


def test_alerts_go_out_in_order_at_most_one_a_second() -> None:
    desk = Desk()
    for text in ("first", "second", "third"):
        desk.alert(text)
    desk.run(1)
    assert desk.sent == ["first"]
    desk.run(1)
    assert desk.sent == ["first", "second"]
    desk.run(1)
    assert desk.sent == ["first", "second", "third"]


def test_each_alert_is_recorded_with_its_audit_event_and_then_marked_delivered() -> None:
    desk = Desk()
    desk.alert("x")
    desk.run(1)
    [record] = desk.recorded(RecordAlert)
    [delivered] = desk.recorded(RecordAlertDelivered)
    assert isinstance(record, RecordAlert)
    assert isinstance(delivered, RecordAlertDelivered)
    assert record.alert.delivered_at is None
    assert [event.kind for event in record.audit] == [AuditKind.ALERT]
    assert delivered.alert_id == record.alert.alert_id


def test_recording_is_told_again_until_state_acknowledges() -> None:
    desk = Desk(channels=0)
    desk.alert("x")
    desk.run(6)
    assert len(desk.recorded(RecordAlert)) == 2
    [request_id] = {m.request_id for m in desk.recorded(RecordAlert) if isinstance(m, RecordAlert)}
    desk.actor.on_receive(Recorded(request_id=request_id))
    desk.run(20)
    assert len(desk.recorded(RecordAlert)) == 2


def test_a_refused_recording_is_not_repeated_and_shows_in_the_status() -> None:
    desk = Desk()
    desk.alert("x")
    [record] = desk.recorded(RecordAlert)
    assert isinstance(record, RecordAlert)
    desk.actor.on_receive(Refused(request_id=record.request_id, reasons=("database_degraded",)))
    assert "database_degraded" in (desk.status.last_error or "")
    desk.run(1)
    assert desk.sent == ["x"]


def test_after_an_outage_of_any_length_everything_arrives_in_order() -> None:
    desk = Desk()
    desk.channel.outcomes.extend(NotTaken("down") for _ in range(40))
    for number in range(5):
        desk.alert(str(number))
    desk.run(3600)
    attempts = desk.sent
    assert attempts[:40] == ["0"] * 40
    assert attempts[40:] == ["0", "1", "2", "3", "4"]


def test_retry_after_is_obeyed() -> None:
    desk = Desk()
    desk.channel.outcomes.append(NotTaken("429", retry_after_s=30.0))
    desk.alert("x")
    desk.run(30)
    assert desk.sent == ["x"]
    desk.run(1)
    assert desk.sent == ["x", "x"]


def test_undelivered_alerts_of_an_earlier_run_go_first_and_only_once() -> None:
    desk = Desk(backlog=None)
    desk.alert("new")
    assert desk.recorded(GetUndeliveredAlerts)
    desk.run(2)
    assert desk.sent == []
    [record] = desk.recorded(RecordAlert)
    assert isinstance(record, RecordAlert)
    backlog = (stored("a", "old 1", -60), stored("b", "old 2", -30), record.alert)
    desk.backlog(*backlog)
    desk.run(10)
    assert desk.sent == ["old 1", "old 2", "new"]


def test_a_silent_state_does_not_keep_alerts_back() -> None:
    desk = Desk(backlog=None)
    desk.alert("x")
    desk.run(11)
    assert desk.sent == ["x"]


def test_a_late_backlog_does_not_repeat_what_was_delivered() -> None:
    desk = Desk(backlog=None)
    desk.alert("x")
    desk.run(12)
    record = desk.recorded(RecordAlert)[0]
    assert isinstance(record, RecordAlert)
    desk.backlog(*(record.alert,))
    desk.run(5)
    assert desk.sent == ["x"]


def test_what_does_not_fit_in_memory_is_counted_and_read_again_from_the_books(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outgoing, "QUEUE_MAX", 3)
    desk = Desk()
    for number in range(5):
        desk.alert(str(number))
    assert desk.channel_status.overflowed == 2
    assert desk.channel_status.queued == 3
    desk.run(3)
    assert len(desk.recorded(GetUndeliveredAlerts)) == 2
    rows = [m.alert for m in desk.recorded(RecordAlert) if isinstance(m, RecordAlert)]
    desk.backlog(*tuple(rows[3:]))
    desk.run(5)
    assert desk.sent == ["0", "1", "2", "3", "4"]


def test_without_a_channel_the_log_is_the_delivery() -> None:
    desk = Desk(channels=0)
    desk.alert("x", Severity.LOW)
    [record] = desk.recorded(RecordAlert)
    assert isinstance(record, RecordAlert)
    assert record.alert.delivered_at == START
    assert record.channels == ()
    assert desk.status.channels == ()


def test_no_secret_is_recorded_sent_or_shown() -> None:
    desk = Desk()
    desk.channel.outcomes.append(NotTaken("refused s3cret-token"))
    desk.alert("Authorization: Bearer s3cret-token failed")
    desk.run(10)
    everything = f"{desk.ctx.told} {desk.channel.sent} {desk.status}"
    assert "s3cret" not in everything


def test_the_channel_is_closed_at_the_end() -> None:
    desk = Desk()
    desk.actor.on_stop()
    assert desk.channel.closed


def test_an_unknown_message_is_a_crash() -> None:
    with pytest.raises(TypeError, match="expected a message of Alerting, found str"):
        Desk().actor.on_receive("hello")


def test_each_channel_gets_every_alert_at_its_own_pace() -> None:
    desk = Desk(channels=2)
    down, well = desk.channels
    down.outcomes.extend(NotTaken("down") for _ in range(40))
    for number in range(3):
        desk.alert(str(number))
    desk.run(10)
    assert well.sent == ["0", "1", "2"]
    assert set(down.sent) == {"0"}
    assert [(one.channel, one.delivered, one.queued) for one in desk.status.channels] == [
        ("fake-0", 0, 3),
        ("fake-1", 3, 0),
    ]
    desk.run(3600)
    assert down.sent[40:] == ["0", "1", "2"]
    assert well.sent == ["0", "1", "2"]
    marks = [m for m in desk.recorded(RecordAlertDelivered) if isinstance(m, RecordAlertDelivered)]
    assert len({(mark.alert_id, mark.channel) for mark in marks}) == 6
    assert len({mark.request_id for mark in marks}) == 6


def test_a_channel_reads_only_its_own_backlog() -> None:
    desk = Desk(channels=2, backlog=None)
    asked = [m.channel for m in desk.recorded(GetUndeliveredAlerts) if isinstance(m, GetUndeliveredAlerts)]
    assert asked == ["fake-0", "fake-1"]
    desk.backlog(stored("a", "old", -60), channel=desk.channels[1])
    desk.backlog(channel=desk.channels[0])
    desk.run(5)
    assert (desk.channels[0].sent, desk.channels[1].sent) == ([], ["old"])


def test_two_channels_of_one_name_are_refused() -> None:
    actor = Alerting(
        state=FakeAddress("state"),
        channels=[lambda: FakeChannel(), lambda: FakeChannel()],
        redact=Redactor(["s3cret-token"]),
    )
    actor.ctx = FakeContext("alerting", now=START)
    with pytest.raises(ValueError, match="expected each name once, found 'fake' twice"):
        actor.on_start()


def raise_for(desk: Desk, asker: FakeAddress) -> None:
    raised = RaiseAlert(
        severity=Severity.CRITICAL,
        code=AlertCode.COMMAND_ENDED,
        text="the end",
        cause="c",
        at=START,
        request_id="told-1",
    )
    with desk.ctx.handling(raised, sender=asker):
        desk.actor.on_receive(raised)


def test_who_needs_to_know_is_told_that_an_alert_is_on_record() -> None:
    desk, asker = Desk(), FakeAddress("control")
    raise_for(desk, asker)
    (record,) = desk.recorded(RecordAlert)
    assert isinstance(record, RecordAlert)
    assert desk.ctx.told_to(asker) == []
    desk.actor.on_receive(Recorded(request_id=record.request_id))
    assert desk.ctx.told_to(asker) == [AlertRaised(request_id="told-1")]


def test_an_alert_raised_again_under_its_id_is_sent_once_and_answered_again() -> None:
    desk, asker = Desk(), FakeAddress("control")
    raise_for(desk, asker)
    raise_for(desk, asker)
    (record,) = desk.recorded(RecordAlert)
    assert isinstance(record, RecordAlert)
    desk.actor.on_receive(Recorded(request_id=record.request_id))
    raise_for(desk, asker)
    desk.run(10)
    assert desk.ctx.told_to(asker) == [AlertRaised(request_id="told-1")] * 2
    assert len(desk.sent) == 1


def test_an_alert_that_the_books_refuse_is_answered_too_because_it_is_sent_all_the_same() -> None:
    desk, asker = Desk(), FakeAddress("control")
    raise_for(desk, asker)
    (record,) = desk.recorded(RecordAlert)
    assert isinstance(record, RecordAlert)
    desk.actor.on_receive(Refused(request_id=record.request_id, reasons=("disk_full",)))
    assert desk.ctx.told_to(asker) == [AlertRaised(request_id="told-1")]
    desk.run(3)
    assert len(desk.sent) == 1


@pytest.mark.raises_alert(AlertCode.TEST_ALERT)
def test_a_test_alert_is_answered_when_it_is_on_record_and_told_again_it_is_one_alert() -> None:
    desk, asker = Desk(), FakeAddress("control")
    command = SendTestAlert(request_id="i-1", severity=Severity.HIGH, reason="a new channel", who="ann")
    for _ in range(2):
        with desk.ctx.handling(command, sender=asker):
            desk.actor.on_receive(command)
    (record,) = desk.recorded(RecordAlert)
    assert isinstance(record, RecordAlert)
    assert (record.alert.code, record.alert.severity) == ("test_alert", Severity.HIGH)
    assert record.alert.text == "this is a test of ann, there is nothing to do: a new channel"
    assert desk.ctx.told_to(asker) == []
    desk.actor.on_receive(Recorded(request_id=record.request_id))
    assert desk.ctx.told_to(asker) == [
        AlertTested(request_id="i-1", severity=Severity.HIGH, channels=record.channels)
    ]
    desk.run(6)
    assert len(desk.sent) == 1
