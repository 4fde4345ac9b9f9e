"""A channel that takes or refuses as the test says."""

from __future__ import annotations

from collections import deque

from actors.alerting import NotTaken, Taken


class FakeChannel:
    """`outcomes` are given one an attempt, then Taken."""

    name = "fake"

    def __init__(self) -> None:
        self.outcomes: deque[Taken | NotTaken] = deque()
        self.sent: list[str] = []
        self.markups: list[bool] = []
        self.closed = False

    def send(self, text: str, *, markup: bool) -> Taken | NotTaken:
        self.sent.append(text)
        self.markups.append(markup)
        return self.outcomes.popleft() if self.outcomes else Taken()

    def close(self) -> None:
        self.closed = True
