"""An engine's own snapshots reach back as far as its rules look."""

from __future__ import annotations

from datetime import timedelta

from core.market.own_snapshots import BACK_4H, SPOT_AGO_TOLERANCE, SPOTS_KEPT
from core.strategy import Strategy


def test_the_spots_that_are_kept_reach_back_to_the_spot_of_four_hours_ago() -> None:
    """Or each monitor would ask for the history of the index."""
    every = timedelta(minutes=Strategy().scheduler.snapshot_every_min)
    assert SPOTS_KEPT * every >= BACK_4H + SPOT_AGO_TOLERANCE
    assert every <= SPOT_AGO_TOLERANCE
