"""The port of alerting: one attempt to hand one message to a person's device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Taken:
    """The service has the message."""


@dataclass(frozen=True)
class NotTaken:
    """The service does not have it, or it is unknown. `error` holds no secret.

    `retry_after_s` is the service's own wish; `markup_refused` asks for plain text next time.
    """

    error: str
    retry_after_s: float | None = None
    markup_refused: bool = False


class AlertChannel(Protocol):
    """Where alerts go."""

    @property
    def name(self) -> str: ...

    def send(self, text: str, *, markup: bool) -> Taken | NotTaken:
        """One attempt, at most 8 s of process time; `markup` says that the text is HTML."""

    def close(self) -> None: ...
