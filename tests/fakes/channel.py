"""A channel that takes or refuses as the test says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from actors.alerting import Letter, NotTaken, Taken


class FakeChannel:
    """`outcomes` are given one an attempt, then what `judge` says of the letter, then Taken.

    `letters` are those of all attempts, `sent` their texts, `taken` the letters that were taken.
    """

    def __init__(self, name: str = "fake", judge: Callable[[Letter], NotTaken | None] | None = None) -> None:
        self.name = name
        self.outcomes: deque[Taken | NotTaken] = deque()
        self.judge = judge or (lambda _letter: None)
        self.letters: list[Letter] = []
        self.taken: list[Letter] = []
        self.problem: str | None = None
        self.closed = False

    @property
    def sent(self) -> list[str]:
        return [" | ".join(alert.text for alert in letter.alerts) for letter in self.letters]

    def send(self, letter: Letter) -> Taken | NotTaken:
        self.letters.append(letter)
        outcome = self.outcomes.popleft() if self.outcomes else self.judge(letter) or Taken()
        if isinstance(outcome, Taken):
            self.taken.append(letter)
        return outcome

    def probe(self) -> str | None:
        return self.problem

    def close(self) -> None:
        self.closed = True
