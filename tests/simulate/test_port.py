"""The port of a simulation's engine: over the wire or not, an engine does the same at the same time."""

from __future__ import annotations

import pytest

from config import load_strategy
from lab.simulate.hunt import Hunt
from lab.simulate.outcome import WorldOutcome
from tests.simulate.planted import STRATEGY


def told(outcome: WorldOutcome) -> tuple[object, ...]:
    """All messages with their times, and what came of them. The log's end is left out: it names the size of a
    backup, and a stored snapshot is smaller without the wire."""
    messages = [part.split(":")[:3] for part in outcome.digest.split()]
    return messages, outcome.orders, outcome.trades, outcome.lives, outcome.looks, outcome.found


@pytest.mark.parametrize(("profile", "seed"), [("all", 3), ("person", 7)])
def test_an_engine_does_the_same_over_the_wire_and_without_it(profile: str, seed: int) -> None:
    runs = Hunt(days=0.5, profile=profile, is_sparse=False, loaded=load_strategy(STRATEGY))
    drawn = runs.drawn(seed)
    wired, plain = (
        runs.run(drawn.model_copy(update={"is_on_wire": is_on_wire})) for is_on_wire in (True, False)
    )
    assert told(wired) == told(plain)
