"""How the venue's numbers look on the wire: floats, some with noise of their last digits, some fields absent.

Seen in public: `1e-05`, `0.00035000000000000005`, fields that are there at one time and not at another, and
fields that no document names. One seed gives one sequence of moods.
"""

from __future__ import annotations

from collections.abc import Collection
from math import inf, nextafter
from random import Random
from typing import Final

NOISY_OF_TEN: Final = 3
ABSENT_OF_TEN: Final = 2


class Moods:
    """Dresses answers as the venue does."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(f"{seed}:words")

    def price(self, value: float) -> float:
        """A price; now and then as a sum of floats looks."""
        if value and self._chance.randrange(10) < NOISY_OF_TEN:
            return nextafter(value, self._chance.choice((inf, -inf)))
        return value

    def dressed(self, row: dict[str, object], optional: Collection[str]) -> dict[str, object]:
        """The row without some of its optional fields, and with one that nobody knows."""
        kept = {
            name: value
            for name, value in row.items()
            if name not in optional or self._chance.randrange(10) >= ABSENT_OF_TEN
        }
        if self._chance.randrange(10) < NOISY_OF_TEN:
            kept["starbase_tier"] = self._chance.randrange(4)
        return kept
