"""The pre-trade limits at the gate: an order and the facts in, allowed or refused with all reasons out.

This is the last check before a permit, independent of the rules that made the order. A missing fact refuses.
Limits on counts (positions, orders in doubt, orders per hour) bind entries only, and no limit on size refuses
an exit of one contract, so that a risk can always be closed.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from core.checks import Check, RuleResult, at_most, holds
from core.orders.collar import collar_eth
from core.orders.terms import OrderTerms
from core.strategy import LimitsSection, Strategy
from core.values import Environment, Value

TOO_MANY = "too_many_contracts"
TOO_MUCH = "order_value"
TOO_LARGE = frozenset({TOO_MANY, TOO_MUCH})
"""The reasons that a smaller order may avoid."""


class GateFacts(Value):
    """What the gate knows when it checks an order; None for what it was never told.

    `open_positions` and `orders_in_doubt` do not count those of the order's own proposal.
    """

    now: datetime
    environment: Environment | None
    venue_clock_offset_s: float | None
    """Proven; it binds exits, which a slow connection must not keep from leaving."""
    venue_clock_offset_max_s: float | None
    """Possible; it binds entries."""
    spot_usd: float | None
    marks_as_of: datetime | None
    books_as_of: datetime | None
    open_positions: int
    orders_in_doubt: int
    entry_requests_last_hour: int
    position_contracts: int
    """Contracts of the position that an exit closes; not read for entries."""


def check_limits(
    order: OrderTerms, reference_eth: Decimal, facts: GateFacts, strategy: Strategy
) -> RuleResult:
    """Check an order against every limit of `limits` and `execution`; passes only if all of them hold.

    `reference_eth` is the natural price, net ETH received per combo, from which the collar is measured.
    """
    limits, execution = strategy.limits, strategy.execution
    checks = [
        holds(
            "environment",
            facts.environment is execution.environment,
            facts.environment.value if facts.environment is not None else None,
            execution.environment.value,
        ),
        _clock(
            facts.venue_clock_offset_max_s if order.purpose.is_entry else facts.venue_clock_offset_s,
            execution.clock_skew_max_s,
        ),
        _fresh("marks_too_old", facts.marks_as_of, facts.now, limits.market_data_age_max_s),
        _fresh("books_too_old", facts.books_as_of, facts.now, limits.books_age_max_s),
        holds("no_contracts", order.amount >= 1, order.amount, "at least 1"),
        at_most(TOO_MANY, order.amount, limits.contracts_max),
        _value(order, facts, limits),
        _collar(order, reference_eth, limits),
    ]
    if order.purpose.is_entry:
        checks += [
            holds("reduce_only_entry", not order.reduce_only, order.reduce_only, False),
            holds("entry_for_debit", order.limit_eth > 0, str(order.limit_eth), "above 0"),
            at_most("max_open_positions", facts.open_positions + 1, strategy.strategy.max_open_positions),
            at_most("orders_in_doubt", facts.orders_in_doubt, 0),
            at_most("orders_per_hour", facts.entry_requests_last_hour + 1, limits.orders_per_hour),
        ]
    else:
        checks += [
            holds("exit_not_reduce_only", order.reduce_only, order.reduce_only, True),
            at_most("exit_exceeds_position", order.amount, facts.position_contracts),
        ]
    return RuleResult(rule="limits", checks=tuple(checks))


def exit_contracts_max(spot_usd: float, limits: LimitsSection) -> int:
    """The most contracts of one exit order within the limits on size; at least one, whatever it is worth."""
    return max(1, min(limits.contracts_max, int(limits.order_value_max_usd // spot_usd)))


def _clock(offset_s: float | None, skew_max_s: float) -> Check:
    if offset_s is None:
        return holds("venue_clock_unknown", False, None, "known")
    return at_most("venue_clock_off", abs(offset_s), skew_max_s)


def _fresh(code: str, as_of: datetime | None, now: datetime, age_max_s: float) -> Check:
    if as_of is None:
        return holds(code, False, None, "known")
    return at_most(code, (now - as_of).total_seconds(), age_max_s)


def _value(order: OrderTerms, facts: GateFacts, limits: LimitsSection) -> Check:
    if facts.spot_usd is None:
        return holds("value_unknown", False, None, "known")
    value_max_usd = limits.order_value_max_usd
    if not order.purpose.is_entry:
        # The limit stops a fat finger. It must not keep a risk open, and one contract is the least to close.
        value_max_usd = max(value_max_usd, facts.spot_usd)
    return at_most(TOO_MUCH, order.amount * facts.spot_usd, value_max_usd)


def _collar(order: OrderTerms, reference_eth: Decimal, limits: LimitsSection) -> Check:
    worst_eth = reference_eth - collar_eth(reference_eth, limits)
    return Check(
        code="price_outside_collar",
        value=str(order.limit_eth),
        op=">=",
        threshold=str(worst_eth),
        passed=order.limit_eth >= worst_eth,
    )
