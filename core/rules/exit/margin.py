"""Exit rule `margin`: the account's maintenance margin comes near what the account holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

from core.checks import RuleResult, at_least
from core.pricing.margin import short_maintenance_margin_eth
from core.rules.facts import HeldAccount, MonitorFacts
from core.strategy import ExitsSection
from core.values import Leg, Side

USE_MAX = 1000.0
"""A share beyond this says no more, and an account without equity has no finite one."""


def check_margin(facts: MonitorFacts, exits: ExitsSection) -> RuleResult | None:
    """Maintenance margin over venue equity at least `margin_exit`, on the position that uses most.

    No check if the account could not be read, or on another position. None on the facts of an older record.
    """
    account = facts.market.account
    if account is None:
        return None
    use, limit = margin_use(account), exits.margin_exit
    is_read = use is not None and limit is not None and facts.uses_most_margin
    return RuleResult(
        rule="margin",
        checks=(at_least("margin", use, limit),) if is_read and use is not None and limit is not None else (),
        inputs={"margin_use": use, "uses_most_margin": facts.uses_most_margin},
    )


def margin_use(account: HeldAccount) -> float | None:
    """Maintenance margin over venue equity; None if it is not known."""
    equity_eth, margin_eth = account.venue_equity_eth, account.maintenance_margin_eth
    return None if equity_eth is None or margin_eth is None else use_of(margin_eth, equity_eth)


def use_of(margin_eth: float, equity_eth: float) -> float:
    """A margin over an equity; `USE_MAX` if there is a margin, and nothing that covers it."""
    if margin_eth == 0.0:
        return 0.0
    return min(margin_eth / equity_eth, USE_MAX) if equity_eth > 0.0 else USE_MAX


def is_unknown(facts: MonitorFacts, exits: ExitsSection) -> bool:
    """Whether the rule is on and the account could not be read: nothing may be held for want of data."""
    account = facts.market.account
    return exits.margin_exit is not None and account is not None and margin_use(account) is None


def held_margin_eth(legs: Sequence[Leg], contracts: int, marks_eth: Mapping[str, Decimal]) -> float:
    """The maintenance margin of a position; a short leg without a usable mark counts at a mark of 0."""
    return math.fsum(
        leg.ratio
        * contracts
        * short_maintenance_margin_eth(leg.option_type, float(marks_eth.get(leg.instrument_name, 0)))
        for leg in legs
        if leg.side is Side.SELL
    )
