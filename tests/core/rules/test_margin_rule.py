"""The exit rule `margin`: at its edge, before all others, on one position, and no hold for want of data."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.orders.exit_rule import ExitRule
from core.rules.exit.decision import ExitDecision, Skipped, decide_exit, matched
from core.rules.exit.margin import check_margin, held_margin_eth, margin_use
from core.rules.facts import HeldAccount
from core.strategy import ExitsSection, SizingSection, Strategy
from tests.core.example_market import STRATEGY
from tests.core.rules.exit_facts import ACCOUNT, LEGS, decided, facts, only, position

figures = st.floats(0, 1e6, allow_nan=False)


CALM = facts()


def account(**changes: Any) -> HeldAccount:
    return ACCOUNT.model_copy(update=changes)


@pytest.mark.parametrize(("margin_eth", "rule"), [(6.0, ExitRule.MARGIN), (5.999, None)])
def test_margin_at_or_above_its_share_of_venue_equity(margin_eth: float, rule: ExitRule | None) -> None:
    """10 ETH at the venue: 6 are 60 %."""
    assert decided(only(margin_exit=0.6), account=account(maintenance_margin_eth=margin_eth)).rule is rule


def test_margin_wins_over_every_other_rule() -> None:
    decision = decided(
        position=position(credit_eth=Decimal("0.0030")),
        dvol=90.0,
        spot_usd=2700.0,
        account=account(maintenance_margin_eth=9.0),
    )
    assert decision.matched[0] is ExitRule.MARGIN is next(iter(ExitRule))
    assert ExitRule.STOP in decision.matched


def test_only_the_position_that_uses_most_is_closed() -> None:
    full = account(maintenance_margin_eth=9.0)
    assert decided(only(margin_exit=0.6), account=full, uses_most_margin=False).rule is None


def test_a_margin_that_is_not_known_closes_by_another_rule_and_holds_by_none() -> None:
    """One tool that does not answer keeps no stop from its exit, and lets no position be held blindly."""
    unread = account(venue_equity_eth=None, maintenance_margin_eth=None)
    stopped = decide_exit(facts(position=position(credit_eth=Decimal("0.0030")), account=unread), STRATEGY)
    assert isinstance(stopped, ExitDecision)
    assert stopped.rule is ExitRule.STOP
    held = decide_exit(facts(account=unread), STRATEGY)
    assert isinstance(held, Skipped)
    assert held.reasons == ("margin_missing",)


def test_null_switches_it_off_and_then_nothing_depends_on_the_account() -> None:
    off = Strategy(exits=ExitsSection(margin_exit=None))
    unread = account(venue_equity_eth=None, maintenance_margin_eth=None)
    for seen in (unread, account(maintenance_margin_eth=9.0)):
        decision = decide_exit(facts(account=seen), off)
        assert isinstance(decision, ExitDecision)
        assert decision.rule is None


def test_a_record_from_before_is_decided_without_the_rule() -> None:
    decision = decided(account=None, uses_most_margin=None)
    assert decision.rules[0].rule == "expiry"


@given(figures, st.floats(-1e6, 1e6, allow_nan=False), st.floats(0.01, 1))
def test_the_rule_matches_just_where_the_margin_is_that_share_of_what_is_there(
    margin_eth: float, equity_eth: float, limit: float
) -> None:
    seen = account(maintenance_margin_eth=margin_eth, venue_equity_eth=equity_eth)
    use = margin_use(seen)
    assert use is not None
    assert 0.0 <= use <= 1000.0
    market = CALM.market.model_copy(update={"account": seen})
    found = check_margin(
        CALM.model_copy(update={"market": market}), ExitsSection(margin_exit=limit, margin_warn=None)
    )
    assert found is not None
    is_due = matched(found)
    if margin_eth >= limit * equity_eth * (1 + 1e-9) and margin_eth > 0:
        assert is_due
    if margin_eth < limit * equity_eth * (1 - 1e-9) - 1e-9 or margin_eth == 0:
        assert not is_due


@given(st.sampled_from(list(LEGS)), st.integers(1, 50), st.floats(0, 1), st.floats(0, 1))
def test_a_position_uses_more_with_more_contracts_and_with_a_dearer_short_leg(
    kind: Any, contracts: int, low: float, more: float
) -> None:
    legs = LEGS[kind]
    cheap = {leg.instrument_name: Decimal(repr(low)) for leg in legs}
    dear = {leg.instrument_name: Decimal(repr(low + more)) for leg in legs}
    assert held_margin_eth(legs, contracts, cheap) <= held_margin_eth(legs, contracts, dear)
    assert held_margin_eth(legs, contracts, cheap) < held_margin_eth(legs, contracts + 1, cheap)
    assert held_margin_eth(legs, contracts, {}) > 0.0


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"margin_warn": 0.7}, "margin_warn (0.7) must not exceed margin_exit (0.6)"),
        ({"margin_exit": 0.4}, "exits.margin_exit (0.4) must exceed sizing.margin_use_max (0.4)"),
    ],
)
def test_bounds_that_cant_work_are_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match="margin") as refusal:
        Strategy(exits=ExitsSection(**changes), sizing=SizingSection())
    assert sentence in str(refusal.value)
