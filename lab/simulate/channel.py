"""The alert channel of a simulation: it may be down, and what it took is known."""

from __future__ import annotations

from collections.abc import Callable

from actors.alerting import Letter, NotTaken, Taken


class LabChannel:
    """As a person's phone: `is_down` says whether the service can be reached now."""

    name = "lab"

    def __init__(self, is_down: Callable[[], bool], took: Callable[[Letter], None]) -> None:
        self._is_down = is_down
        self._took = took

    def send(self, letter: Letter) -> Taken | NotTaken:
        """One attempt."""
        if self._is_down():
            return NotTaken("the service can't be reached")
        self._took(letter)
        return Taken()

    def probe(self) -> str | None:
        """Whether it would take a letter now."""
        return "the service can't be reached" if self._is_down() else None

    def close(self) -> None:
        """Nothing is open."""
