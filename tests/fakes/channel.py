"""A channel that takes or refuses as the test says."""

from __future__ import annotations

from collections import deque

from actors.alerting import NotTaken, Taken
from core.messages.alerting import AlertRow


class FakeChannel:
    """`outcomes` are given one an attempt, then Taken. `sent` are the texts of all attempts."""

    def __init__(self, name: str = "fake") -> None:
        self.name = name
        self.outcomes: deque[Taken | NotTaken] = deque()
        self.sent: list[str] = []
        self.closed = False

    def send(self, alert: AlertRow) -> Taken | NotTaken:
        self.sent.append(alert.text)
        return self.outcomes.popleft() if self.outcomes else Taken()

    def close(self) -> None:
        self.closed = True
