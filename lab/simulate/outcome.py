"""What a simulation of one seed gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lab.invariants import Breach
from lab.simulate.acts import Drawn
from lab.simulate.coverage import Coverage


@dataclass(frozen=True)
class Found:
    """A breach, when it was found, and how it came to it."""

    at: datetime
    breach: Breach
    messages: tuple[str, ...]
    numbers: frozenset[int]
    """Of all statements that did not hold at that moment."""


@dataclass
class WorldOutcome:
    """What one seed gave."""

    drawn: Drawn
    found: Found | None = None
    digest: str = ""
    coverage: Coverage = field(default_factory=Coverage)
    trades: int = 0
    orders: int = 0
    lives: int = 0
    looks: int = 0
    rests: int = 0


class BreachFoundError(Exception):
    """Ends a simulation at its first breach."""

    def __init__(self, breach: Breach) -> None:
        super().__init__(breach.text)
        self.breach = breach
