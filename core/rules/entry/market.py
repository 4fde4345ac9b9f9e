"""Rule 2: whether the market allows an entry."""

from __future__ import annotations

from datetime import timedelta

from core.checks import Check, RuleResult, at_least, at_most, holds
from core.market.countries import country_of
from core.market.observations import Level, MacroEvent
from core.market.statistics import rv14_pct
from core.rules.entry.inputs import usable_funding_frac
from core.rules.facts import EntryFacts
from core.strategy import EntrySection, Strategy
from core.venue_text import without_texts


def check_market(facts: EntryFacts, strategy: Strategy) -> RuleResult:
    """Rule 2, on facts that `check_inputs` has passed."""
    entry, market, account = strategy.entry, facts.market, facts.account
    funding = usable_funding_frac(facts, strategy)
    rv14 = rv14_pct(market.index_hourly_closes)
    checks = [
        at_least("capital_below_min", account.equity_usd, entry.capital_min_usd),
        at_least("dvol_below_min", market.dvol, entry.dvol_min_pts),
        at_most("dvol_above_max", market.dvol, entry.dvol_max_pts),
        at_most("dvol_day_change", market.dvol / market.dvol_24h_ago - 1.0, entry.dvol_day_change_max_frac),
        at_least("vrp_below_min", market.dvol - rv14, entry.vrp_min_pts),
        *_macro(facts, entry),
        at_most("funding_extreme", abs(funding), entry.funding_abs_max_frac),
        at_most("eth_share", account.eth_share, entry.eth_share_max),
        holds(
            "liquidation_pressure",
            market.liquidation_level is not Level.HIGH,
            market.liquidation_level.value,
            "not high",
        ),
    ]
    return RuleResult(rule="market", checks=tuple(checks), inputs={"rv14_pct": rv14, "funding_frac": funding})


def _macro(facts: EntryFacts, entry: EntrySection) -> list[Check]:
    """One failed check per event in the window, or one passed check if there is none.

    An event of a country that is not known blocks, too, and its word stands behind its name.
    """
    first = facts.now - timedelta(hours=entry.macro_before_h)
    last = facts.now + timedelta(hours=entry.macro_blackout_h)

    ours = country_of(entry.macro_country) or entry.macro_country

    def blocks(event: MacroEvent) -> bool:
        # A country by a word that is not known may be ours.
        return (
            event.importance is Level.HIGH
            and (country_of(event.country) or ours) == ours
            and first <= event.scheduled_at <= last
        )

    def told(event: MacroEvent) -> str:
        unknown = country_of(event.country) is None
        return f"{event.name} ({event.country}?)" if unknown else event.name

    events = facts.market.macro_events
    blocking = [(event.scheduled_at, told(event)) for event in events if blocks(event)]
    # By digests where a record has them, so that it is recomputed in the same order.
    blocking.sort(key=lambda event: (event[0], without_texts(event[1], lambda *_: None)))
    if not blocking:
        return [holds("macro_event", True, "none", "none")]
    return [holds("macro_event", False, at.isoformat(), "none", name) for at, name in blocking]
