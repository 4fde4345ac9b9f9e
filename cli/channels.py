"""The alert channels without an engine: whether they are there, and a message past all queues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Thread

from actors.alerting import AlertChannel, Letter, NotTaken, Sender, trial_alert
from actors.channels import folder_named, sender
from core.alerts import AlertCode
from core.errors import CerberoError
from core.messages.alerting import Severity
from core.messages.room_status import AlertRow
from core.redaction import Redactor

OpenChannel = Callable[[], AlertChannel]


@dataclass(frozen=True)
class ChannelFound:
    """One channel after one attempt: `error` is None if it works."""

    channel: str
    error: str | None


def probe_channels(channels: Sequence[OpenChannel], redact: Redactor) -> list[ChannelFound]:
    """Whether each would take an alert now; nothing is sent."""
    return [_found(open_channel, lambda channel: channel.probe(), redact) for open_channel in channels]


def probe_beside(channels: Sequence[OpenChannel], redact: Redactor, warn: Callable[[str], None]) -> None:
    """Probe them in a thread of its own, which nobody waits for: a dead host keeps neither a start nor a stop
    waiting. `warn` is told of each channel that would take nothing."""

    def probe() -> None:
        for found in probe_channels(channels, redact):
            if found.error is not None:
                warn(f"{found.channel} takes no alerts now: {found.error}")

    Thread(target=probe, name="channels", daemon=True).start()


def send_test(channels: Sequence[OpenChannel], redact: Redactor, now: datetime) -> list[ChannelFound]:
    """One test over each channel, and whether it was taken."""
    return send_past_queues(channels, redact, trial_alert("test", "without an engine", now))


def send_past_queues(
    channels: Sequence[OpenChannel], redact: Redactor, alert: AlertRow
) -> list[ChannelFound]:
    """One attempt with one alert over each channel, and whether it was taken."""

    def send(channel: AlertChannel) -> str | None:
        outcome = channel.send(Letter((alert,)))
        return outcome.error if isinstance(outcome, NotTaken) else None

    return [_found(open_channel, send, redact) for open_channel in channels]


def sender_of(strategy: Path, instance_name: str | None, data_dir: Path) -> Sender:
    """Who sends, as far as the strategy file can be read: what is told may be that it can't."""
    from config import load_strategy

    folder = folder_named(data_dir)
    try:
        return sender(load_strategy(strategy).strategy, instance_name, folder=folder)
    except (CerberoError, OSError):
        return sender(None, instance_name, folder=folder)


def start_failed(reason: str, data_dir: str, now: datetime) -> AlertRow:
    """What a start that was given up tells."""
    return AlertRow(
        alert_id="start-failed",
        severity=Severity.CRITICAL,
        code=AlertCode.START_FAILED,
        text=reason,
        cause=f"run.py start --data-dir {data_dir}",
        at=now,
    )


def _found(
    open_channel: OpenChannel, attempt: Callable[[AlertChannel], str | None], redact: Redactor
) -> ChannelFound:
    with closing(open_channel()) as channel:
        error = attempt(channel)
        return ChannelFound(channel.name, None if error is None else redact(error))
