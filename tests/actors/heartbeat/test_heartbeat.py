"""The heart beats while control answers, calls while all is well, and hurts nothing when it can't."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from actors.heartbeat import HEARTBEAT_FILE, Heartbeat, HeartbeatFile
from actors.http import NoAnswer, Response
from actors.runtime import AskTimeout
from actors.runtime.testing import FakeAddress, FakeContext
from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert, Severity
from core.messages.control import GetHealthcheck, Healthcheck
from core.messages.engine_status import HeartbeatStatus
from core.redaction import Redactor

START = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
WELL = Healthcheck(ok=True, at=START, problems=(), notes=())
ILL = Healthcheck(ok=False, at=START, problems=("audit is broken",), notes=())
SECRET = "https://hc.example.com/0a1b2c3d-secret"


class FakeUrl:
    """A transport that notes each call."""

    def __init__(self) -> None:
        self.calls = 0
        self.fails = False
        self.status = 200
        self.closed = False

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        assert (method, path, body) == ("GET", "", None)
        self.calls += 1
        if self.fails:
            raise NoAnswer(f"GET {SECRET}: no answer within 8 s")
        return Response(self.status, {}, b"")

    def close(self) -> None:
        self.closed = True


class Chest:
    """The actor with its fakes."""

    def __init__(self, data_dir: Path, *, now: datetime = START, epoch: int = 1) -> None:
        self.path = data_dir / HEARTBEAT_FILE
        self.url = FakeUrl()
        self.alerting = FakeAddress("alerting")
        self.control = FakeAddress("control")
        self.ctx = FakeContext("heartbeat", now=now)
        self.ctx.epoch = epoch
        self.ctx.asks[GetHealthcheck] = WELL
        self.actor = Heartbeat(
            control=self.control,
            alerting=self.alerting,
            file=HeartbeatFile(data_dir, 4711),
            open_transport=lambda: self.url,
            redact=Redactor([SECRET]),
        )
        self.actor.ctx = self.ctx
        self.actor.on_start()

    def pass_time(self, seconds: float, *, jumps: bool = False) -> None:
        """Of market time; `jumps` leaves process time where it is."""
        told, before_s = len(self.ctx.told), self.ctx.process_time_s
        due = self.ctx.advance(seconds)
        if jumps:
            self.ctx.process_time_s = before_s
        for message in due:
            self.actor.on_receive(message)
        for to, message in self.ctx.told[told:]:
            if to == self.ctx.self_address:
                self.actor.on_receive(message)

    @property
    def line(self) -> list[str]:
        return self.path.read_text("utf-8").split()

    @property
    def alerts(self) -> list[RaiseAlert]:
        return [each for each in self.ctx.told_to(self.alerting) if isinstance(each, RaiseAlert)]


def test_each_minute_the_line_changes_and_the_url_is_called(tmp_path: Path) -> None:
    chest = Chest(tmp_path)
    beats = [chest.line[1]]
    for _ in range(3):
        chest.pass_time(60)
        beats.append(chest.line[1])
    assert len(set(beats)) == 4
    assert chest.line[0] == "alive"
    assert chest.line[3:] == ["4711", "well"]
    assert chest.url.calls == 3


def test_control_is_told_of_each_beat_and_of_a_url_that_fails_and_is_back(tmp_path: Path) -> None:
    chest = Chest(tmp_path)
    chest.pass_time(60)
    chest.url.fails = True
    chest.pass_time(60)
    chest.url.fails = False
    chest.pass_time(60)
    told = [each for each in chest.ctx.told_to(chest.control) if isinstance(each, HeartbeatStatus)]
    assert {(each.well, each.calls) for each in told} == {(True, True)}
    lost = "its URL: GET ***: no answer within 8 s"
    assert [each.problem for each in told] == [None, None, lost, lost, None]
    chest.ctx.asks[GetHealthcheck] = ILL
    chest.pass_time(60)
    last = chest.ctx.told_to(chest.control)[-1]
    assert last == HeartbeatStatus(at=chest.ctx.now(), well=False, calls=True, problem=None)


def test_an_engine_that_is_not_well_beats_but_does_not_call(tmp_path: Path) -> None:
    chest = Chest(tmp_path)
    chest.ctx.asks[GetHealthcheck] = ILL
    before = chest.line[1]
    chest.pass_time(60)
    assert chest.line[1] != before
    assert chest.line[4] == "unwell"
    assert chest.url.calls == 0


def test_an_engine_whose_control_does_not_answer_does_not_beat(tmp_path: Path) -> None:
    chest = Chest(tmp_path)
    chest.ctx.asks[GetHealthcheck] = AskTimeout("control")
    before = chest.line
    chest.pass_time(60)
    assert chest.line == before
    chest.ctx.asks[GetHealthcheck] = WELL
    chest.pass_time(60)
    assert chest.line != before


def test_where_market_time_jumps_nothing_beats(tmp_path: Path) -> None:
    chest = Chest(tmp_path)
    chest.pass_time(60)
    before = chest.line
    for _ in range(1000):
        chest.pass_time(60, jumps=True)
    assert chest.line == before
    assert chest.url.calls == 1


@pytest.mark.parametrize("what", ["no answer", "refusal"])
def test_a_url_that_fails_touches_nothing_and_is_not_shown(
    tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    chest = Chest(tmp_path)
    chest.url.fails, chest.url.status = what == "no answer", 503
    chest.pass_time(60)
    chest.pass_time(60)
    assert chest.url.calls == 2
    assert chest.alerts == []
    assert all("secret" not in str(vars(record)) for record in caplog.records)


def test_a_disk_that_takes_no_file_touches_nothing(tmp_path: Path) -> None:
    chest = Chest(tmp_path)
    chest.path.unlink()
    (tmp_path / "heartbeat.draft").mkdir()
    chest.pass_time(60)
    assert chest.url.calls == 1


@pytest.mark.raises_alert(AlertCode.ENDED_WITHOUT_A_WORD)
def test_after_a_kill_the_next_life_says_since_when_nobody_watched(tmp_path: Path) -> None:
    chest = Chest(tmp_path)
    chest.pass_time(60)
    [alert] = Chest(tmp_path, now=START + timedelta(hours=3)).alerts
    assert (alert.severity, alert.code) == (Severity.HIGH, AlertCode.ENDED_WITHOUT_A_WORD)
    assert "without a word after 2026-01-05 14:01:00Z, back after 2 h 59 min" in alert.text


def test_after_a_stop_the_next_life_says_nothing(tmp_path: Path) -> None:
    Chest(tmp_path)
    HeartbeatFile(tmp_path, 1).stopped(START, "asked")
    assert Chest(tmp_path).alerts == []


def test_a_restart_of_the_actor_is_no_end_of_the_engine(tmp_path: Path) -> None:
    Chest(tmp_path)
    assert Chest(tmp_path, epoch=2).alerts == []


@pytest.mark.parametrize("content", [b"", b"alive", b"alive x soon 1 well", b"\xff", b"alive x 2026-01-05 1"])
def test_a_file_without_a_time_is_still_a_life_that_was_not_stopped(tmp_path: Path, content: bytes) -> None:
    (tmp_path / HEARTBEAT_FILE).write_bytes(content)
    [alert] = Chest(tmp_path).alerts
    assert "at a time that is not known" in alert.text


def test_the_file_is_never_what_a_link_of_its_name_leads_to(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine", "utf-8")
    (tmp_path / "heartbeat.draft").symlink_to(other)
    (tmp_path / HEARTBEAT_FILE).symlink_to(other)
    Chest(tmp_path).pass_time(60)
    assert other.read_text("utf-8") == "mine"


def test_the_connection_is_closed_at_the_end(tmp_path: Path) -> None:
    chest = Chest(tmp_path)
    chest.actor.on_stop()
    assert chest.url.closed
