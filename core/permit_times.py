"""How long a permit can have an effect at the venue: what an arming has to wait for at most.

A permit's expiry is the order's `valid_until`, after which the venue refuses the request by its own
clock. That clock is at most a second from ours; otherwise no permit is given.
"""

from __future__ import annotations

PERMIT_LIFETIME_MIN_S = 0.001
"""The venue knows no time between two milliseconds."""
PERMIT_LIFETIME_MAX_S = 4.0
"""The longest lifetime that `strategy.yaml` may set; a person's command relies on it, without settings."""
LAPSE_AFTER_EXPIRY_S = 1.0
"""How much later than a permit's expiry, by our clock, the venue may still accept the order."""
CERTAIN_AFTER_S = PERMIT_LIFETIME_MAX_S + LAPSE_AFTER_EXPIRY_S
"""So long after the last permit no request under one can have an effect at the venue any more."""
