"""The port of alerting: one attempt to hand one letter to a person's device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from actors.alerting.letter import Letter


@dataclass(frozen=True)
class Taken:
    """The service has the letter."""


@dataclass(frozen=True)
class NotTaken:
    """The service does not have the letter, or it is unknown whether it has. `error` holds no secret.

    `retry_after_s` is how long the service asked to be left alone. `refused`: it was reached and will not
    take this letter, however often it is sent. `perhaps`: it may have the letter all the same. `broken`: it
    failed at the letter, perhaps because of what it holds. `late`: it was sent, and no answer came.
    """

    error: str
    retry_after_s: float | None = None
    refused: bool = False
    perhaps: bool = False
    broken: bool = False
    late: bool = False


class AlertChannel(Protocol):
    """One way to a person. How a letter reads, and how long it may be, is the channel's own business."""

    @property
    def name(self) -> str:
        """Stable and unique among the channels: the books know by it what has been delivered where."""

    def send(self, letter: Letter) -> Taken | NotTaken:
        """One attempt, at most 8 s of process time. What is not taken is sent again."""

    def probe(self) -> str | None:
        """Whether the service would take a letter now, without sending one: None, or why not. At most 8 s."""

    def close(self) -> None: ...
