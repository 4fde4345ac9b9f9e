"""What the venue says that an entry would take, held against what it was sized with.

The size of an entry rests on the standard model's margin (`core/rules/entry/sizing`). A venue that asks for
much more has another model, and its own limits on a price may be closer than our collar.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from core.contract import Margins
from core.orders.plan import ComboPlan
from core.orders.terms import OrderTerms
from core.values import Side

MARGIN_OVER_OURS_MAX: Final = Decimal("1.25")
"""The venue's initial margin over ours. Marks move between the decision and its order, and with them both."""


def expected_margin_eth(plan: ComboPlan) -> Decimal:
    """Ours for the whole plan: that of its short legs, and the premium of the long ones."""
    marks = {facts.instrument_name: facts.mark_eth for facts in plan.leg_facts}
    premium = sum((marks[leg.instrument_name] for leg in plan.legs if leg.side is Side.BUY), Decimal(0))
    return plan.contracts * (Decimal(str(plan.initial_margin_eth)) + premium)


def venue_refuses(terms: OrderTerms, expected_eth: Decimal, found: Margins) -> tuple[str, ...]:
    """Why the entry may not be placed at this venue; nothing if it may."""
    reasons = []
    if not found.min_price <= terms.limit_eth <= found.max_price:
        reasons.append(f"venue_collar:{terms.limit_eth} outside {found.min_price} to {found.max_price}")
    most_eth = MARGIN_OVER_OURS_MAX * expected_eth
    if found.initial_margin > most_eth:
        reasons.append(f"venue_margin:{found.initial_margin} ETH, sized with {expected_eth.normalize():f}")
    return tuple(reasons)
