"""The preflight's check of the alert channels: it sends only if it was asked to, and says who took it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from actors.alerting import AlertChannel, NotTaken, Taken
from cli.preflight.channels import channels
from cli.preflight.line import State
from core.messages.alerting import AlertRow

NOW = datetime(2026, 1, 5, tzinfo=UTC)


class Channel:
    """Takes, or refuses, and keeps what it was sent."""

    def __init__(self, name: str, error: str | None = None) -> None:
        self.name = name
        self.sent: list[AlertRow] = []
        self.closed = False
        self._error = error

    def send(self, alert: AlertRow) -> Taken | NotTaken:
        self.sent.append(alert)
        return Taken() if self._error is None else NotTaken(self._error)

    def close(self) -> None:
        self.closed = True


def opening(*each: Channel) -> list[Callable[[], AlertChannel]]:
    def opens(channel: Channel) -> Callable[[], AlertChannel]:
        return lambda: channel

    return [opens(channel) for channel in each]


def test_an_engine_that_can_tell_nobody_is_refused() -> None:
    assert channels([], send=True, now=NOW).state is State.NOT


def test_nothing_is_sent_without_being_asked() -> None:
    channel = Channel("telegram")
    line = channels(opening(channel), send=False, now=NOW)
    assert line.state is State.UNCHECKED
    assert "--alert" in line.do
    assert channel.sent == []


def test_each_channel_gets_one_message() -> None:
    both = Channel("telegram"), Channel("webhook")
    line = channels(opening(*both), send=True, now=NOW)
    assert line.state is State.OK
    assert "telegram, webhook" in line.found
    assert [len(channel.sent) for channel in both] == [1, 1]
    assert all(channel.closed for channel in both)


def test_a_channel_that_does_not_take_it_is_named_with_its_reason() -> None:
    both = Channel("telegram", "Telegram answered HTTP 401"), Channel("webhook")
    line = channels(opening(*both), send=True, now=NOW)
    assert line.state is State.NOT
    assert line.found == "telegram: Telegram answered HTTP 401"
