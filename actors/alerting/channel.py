"""The port of alerting: one attempt to hand one alert to a person's device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.messages.alerting import AlertRow


@dataclass(frozen=True)
class Taken:
    """The service has the alert."""


@dataclass(frozen=True)
class NotTaken:
    """The service does not have the alert, or it is unknown whether it has. `error` holds no secret.

    `retry_after_s` is how long the service asked to be left alone.
    """

    error: str
    retry_after_s: float | None = None


class AlertChannel(Protocol):
    """One way to a person. How an alert reads, and how long it may be, is the channel's own business."""

    @property
    def name(self) -> str:
        """Stable and unique among the channels: the books know by it what has been delivered where."""

    def send(self, alert: AlertRow) -> Taken | NotTaken:
        """One attempt, at most 8 s of process time. The alert is sent again until it is taken."""

    def close(self) -> None: ...
