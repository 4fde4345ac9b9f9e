"""What an engine makes of the snapshots of the market that it stores itself, on the grid of its own job."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

SPOTS_KEPT: Final = 64
"""An engine knows the spots of its last stored snapshots, so many of them."""
BACK_4H: Final = timedelta(hours=4)
"""How far an exit looks back for the move of the spot."""
SPOT_AGO_TOLERANCE: Final = timedelta(minutes=30)
"""How long before that moment the last snapshot may have been taken."""
MARKET_DATA_SOURCE: Final = "market_data"
"""The source of the suspension while the market can't be read."""
FAILURES_BEFORE_SUSPENDING: Final = 2
"""So many stored snapshots in a row that fail suspend entries: one is noise. Stale data suspends at once."""
