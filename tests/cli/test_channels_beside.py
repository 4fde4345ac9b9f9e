"""Channels that are probed beside a start: nobody waits for them, and what is wrong is told."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Event

from cli.channels import probe_beside
from core.redaction import Redactor


class SlowChannel:
    """A channel whose host answers when it is let to."""

    def __init__(self, name: str, answers: Event, error: str | None) -> None:
        self.name = name
        self._answers = answers
        self._error = error

    def probe(self) -> str | None:
        assert self._answers.wait(20.0)
        return self._error

    def send(self, _letter: object) -> None:
        raise AssertionError("nothing is to be sent")

    def close(self) -> None:
        """Nothing is open."""


def test_a_channel_that_takes_nothing_is_told_once_it_has_answered() -> None:
    answers, told = Event(), SimpleQueue[str]()
    opens = [
        lambda: SlowChannel("telegram", answers, None),
        lambda: SlowChannel("webhook", answers, "HTTP 401 for s3cret-token"),
    ]
    probe_beside(opens, Redactor(("s3cret-token",)), told.put)  # type: ignore[arg-type]
    assert told.empty()
    answers.set()
    assert told.get(timeout=20.0) == "webhook takes no alerts now: HTTP 401 for ***"
    assert told.empty()
