"""The whole entry decision: where it stops, what it proposes, and what must not change it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.market.observations import MeanFunding
from core.market.option_chain import OptionChain
from core.protection_settings import ProtectionsSection
from core.rules.entry.decision import EntryDecision, EntryOutcome, decide_entry
from core.rules.facts import EntryFacts
from core.strategy import (
    AnomalySection,
    BiasSection,
    EntrySection,
    LiquiditySection,
    SizingSection,
    Strategy,
    WorthSection,
)
from core.values import OptionType, SpreadKind
from tests.core.example_market import (
    NOW,
    SPOT_USD,
    STRATEGY,
    altered,
    chain_of,
    entry_facts,
    hourly_closes,
    name_of,
    scaled,
    unscaled_names,
    wire_quotes,
    with_chain,
)

DEAR_IV_PCT = 85.0
"""At this volatility a chain is dear enough that every kind is worth its costs."""
LAX = Strategy(worth=WorthSection(cost_max_of_credit=2.0))


def decide(strategy: Strategy = STRATEGY, forced: SpreadKind | None = None, **changes: Any) -> EntryDecision:
    return decide_entry(entry_facts(**changes), strategy, forced_kind=forced)


def test_a_good_market_is_proposed_with_every_rule_in_order() -> None:
    decision = decide()
    assert decision.outcome is EntryOutcome.PROPOSE
    assert decision.kind is SpreadKind.BULL_PUT
    assert decision.reasons == ()
    names = "blocked protections inputs market bias agreement strikes worth sizing liquidity combo"
    assert [rule.rule for rule in decision.rules] == names.split()
    assert decision.plan is not None
    assert decision.plan.contracts >= 1
    assert decision.plan.floor_eth == decision.plan.natural_eth


@pytest.mark.parametrize(
    ("changes", "outcome", "last_rule"),
    [
        ({"armed": True, "chain": None}, EntryOutcome.BLOCKED, "blocked"),
        ({"chain": None}, EntryOutcome.DATA_ANOMALY, "inputs"),
        ({"funding": ()}, EntryOutcome.DATA_ANOMALY, "inputs"),
        ({"eth_share": 0.5}, EntryOutcome.MARKET, "market"),
        (
            {"index_hourly_closes": hourly_closes(r30=0.0), "dvol": 54.0, "dvol_24h_ago": 54.0},
            EntryOutcome.NO_BIAS,
            "bias",
        ),
        ({"chain": chain_of(wire_quotes([2700]))}, EntryOutcome.NO_STRIKES, "strikes"),
        ({"venue_equity_eth": 0.2}, EntryOutcome.UNDERSIZE, "sizing"),
        (
            {"chain": chain_of(wire_quotes(bid_size=1.0, ask_size=1.0)), "risk_open_usd": 0.0},
            EntryOutcome.ILLIQUID,
            "liquidity",
        ),
    ],
)
def test_the_first_rule_that_refuses_ends_it(
    changes: dict[str, Any], outcome: EntryOutcome, last_rule: str
) -> None:
    decision = decide(**changes)
    assert decision.outcome is outcome
    assert decision.plan is None
    assert decision.rules[-1].rule == last_rule
    assert decision.reasons == decision.rules[-1].reasons != ()


def test_a_credit_that_is_not_worth_it_ends_it() -> None:
    decision = decide(Strategy(worth=WorthSection(cost_max_of_credit=0.01)))
    assert (decision.outcome, decision.reasons) == (EntryOutcome.NOT_WORTH, ("cost_above_max",))


def test_a_broken_candidate_is_an_anomaly_and_not_a_market() -> None:
    name = name_of(OptionType.PUT, 2650)
    decision = decide(chain=chain_of(altered(wire_quotes(), {name: {"delta": 0.2}})))
    assert decision.outcome is EntryOutcome.DATA_ANOMALY
    assert f"broken_candidate:{name}" in decision.reasons


@pytest.mark.parametrize("kind", SpreadKind)
def test_a_kind_can_be_forced(kind: SpreadKind) -> None:
    decision = decide(LAX, kind, chain=chain_of(wire_quotes(atm_pct=DEAR_IV_PCT)))
    assert decision.outcome is EntryOutcome.PROPOSE
    assert decision.kind is decision.forced_kind is kind
    assert decision.plan is not None
    assert decision.plan.kind is kind


@pytest.mark.parametrize("kind", SpreadKind)
@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"armed": True}, EntryOutcome.BLOCKED),
        ({"eth_share": 0.5}, EntryOutcome.MARKET),
        ({"chain": chain_of(wire_quotes([2700]))}, EntryOutcome.NO_STRIKES),
    ],
)
def test_a_refusal_still_says_which_kind_was_forced(
    changes: dict[str, Any], outcome: EntryOutcome, kind: SpreadKind
) -> None:
    refused = decide(STRATEGY, kind, **changes)
    assert (refused.outcome, refused.kind, refused.forced_kind) == (outcome, kind, kind)


@pytest.mark.parametrize(
    ("r30", "rate", "kind"),
    [
        (0.08, 0.0, SpreadKind.BULL_PUT),
        (-0.08, 0.0, SpreadKind.BEAR_CALL),
        (0.0, 0.1, SpreadKind.IRON_CONDOR),
    ],
)
def test_the_bias_of_the_market_chooses_the_kind(r30: float, rate: float, kind: SpreadKind) -> None:
    decision = decide(
        LAX,
        index_hourly_closes=hourly_closes(r30=r30),
        funding=(MeanFunding(venue="a", annualised_frac=rate, as_of=NOW),),
    )
    assert decision.kind is kind


def test_the_table_shows_every_rule() -> None:
    table = decide(eth_share=0.5).table()
    assert table.startswith("entry: market (eth_share)")
    assert "NO share of the holdings in ETH    50.0%, at most 30.0%  [eth_share]" in table
    assert "market: refused" in table
    assert decide().table().splitlines()[0] == "entry: propose"


def restricted(facts: EntryFacts, chain: OptionChain, decision: EntryDecision) -> OptionChain:
    assert decision.plan is not None
    record = chain.to_record(expiration=decision.plan.expiration)
    return OptionChain.from_record(record, STRATEGY.anomalies)


def test_the_chosen_expiry_alone_gives_the_same_decision() -> None:
    chain = chain_of(altered(wire_quotes(), {name_of(OptionType.CALL, 2200): {"mark_iv": 7.0}}))
    facts = entry_facts(chain=chain)
    decision = decide_entry(facts, STRATEGY)
    again = decide_entry(with_chain(facts, restricted(facts, chain, decision)), STRATEGY)
    assert again.model_dump_json() == decision.model_dump_json()


def test_permuting_the_chain_changes_nothing() -> None:
    quotes = wire_quotes()
    shuffled = random.Random(11).sample(quotes, len(quotes))
    one, other = decide(chain=chain_of(quotes)), decide(chain=chain_of(shuffled))
    assert one.model_dump_json() == other.model_dump_json()


@given(factor=st.sampled_from([0.5, 2.0, 4.0]), kind=st.sampled_from(SpreadKind), atm=st.floats(40, 110))
def test_scaling_every_usd_price_leaves_bias_strikes_worth_and_liquidity(
    factor: float, kind: SpreadKind, atm: float
) -> None:
    """By powers of two, so that the scaling itself does not round; capital is wide enough never to bind."""
    quotes = wire_quotes(atm_pct=atm)
    lax = Strategy(
        sizing=SizingSection(cap_per_trade_eur=1e6, risk_per_trade=0.25, risk_total=0.5),
        protections=ProtectionsSection(drawdown_max_frac=None),
    )
    one = decide(lax, kind, chain=chain_of(quotes))
    closes = tuple(
        close.model_copy(update={"close_usd": close.close_usd * factor})
        for close in entry_facts().market.index_hourly_closes
    )
    chain = chain_of(scaled(quotes, factor))
    other = decide(lax, kind, chain=chain, spot_usd=SPOT_USD * factor, index_hourly_closes=closes)
    assert one.outcome is other.outcome
    assert list(one.reasons) == [unscaled_names(reason, quotes, factor) for reason in other.reasons]
    checks = [
        [(rule.rule, check.code, check.passed) for rule in d.rules for check in rule.checks]
        for d in (one, other)
    ]
    assert checks[0] == checks[1]
    assert (one.plan is None) is (other.plan is None)
    if one.plan is not None and other.plan is not None:
        names = [unscaled_names(leg.instrument_name, quotes, factor) for leg in other.plan.legs]
        assert names == [leg.instrument_name for leg in one.plan.legs]
        assert one.plan.natural_eth == other.plan.natural_eth


@given(
    kind=st.none() | st.sampled_from(SpreadKind),
    atm=st.floats(30, 150),
    r30=st.floats(-0.3, 0.3),
    dvol=st.floats(30, 100),
    equity=st.floats(10_000, 1e6),
    venue=st.floats(0.1, 50),
    seconds=st.floats(0, 90),
)
def test_a_plan_exists_exactly_where_every_rule_passed(
    kind: SpreadKind | None, atm: float, r30: float, dvol: float, equity: float, venue: float, seconds: float
) -> None:
    now = NOW + timedelta(seconds=seconds)
    decision = decide(
        STRATEGY if kind is None else LAX,
        kind,
        now=now,
        chain=chain_of(wire_quotes(atm_pct=atm)),
        index_hourly_closes=hourly_closes(r30=r30),
        dvol=dvol,
        dvol_24h_ago=dvol,
        equity_usd=equity,
        venue_equity_eth=venue,
    )
    passed = [rule.passed for rule in decision.rules]
    assert all(passed[:-1])
    assert (decision.plan is not None) is passed[-1] is (decision.outcome is EntryOutcome.PROPOSE)
    assert (decision.reasons == ()) is passed[-1]
    if decision.plan is not None:
        assert decision.plan.contracts * decision.plan.worst_loss_usd <= 0.015 * equity
        assert decision.plan.contracts * decision.plan.worst_loss_eth <= 0.5 * venue
        assert decision.plan.floor_eth <= decision.plan.limit_eth <= decision.plan.mid_eth


def test_a_section_that_is_switched_off_is_really_off() -> None:
    """With wide ranges an unusual market passes, so it was only the ranges that refused it."""
    wide = Strategy(
        entry=EntrySection(dvol_min_pts=10, dvol_max_pts=300, vrp_min_pts=-100, eth_share_max=1.0),
        bias=BiasSection(condor_dvol_min_pts=10),
        liquidity=LiquiditySection(open_interest_min=0, volume_24h_min=0),
        anomalies=AnomalySection(atm_iv_over_dvol_max=10.0),
    )
    odd: dict[str, Any] = {"dvol": 20.0, "dvol_24h_ago": 20.0, "eth_share": 0.9}
    chain = chain_of(wire_quotes(open_interest=0.0, volume_24h=0.0))
    assert decide(**odd, chain=chain).outcome is EntryOutcome.MARKET
    assert decide(wide, **odd, chain=chain).outcome is EntryOutcome.PROPOSE


def test_the_whole_table_of_a_refusal() -> None:
    table = decide(armed=True, suspended_reasons=("disk_low",), chain=None).table()
    assert table.splitlines() == [
        "entry: blocked (kill_switch_armed, suspended:disk_low)",
        "may enter: refused",
        "  NO the kill switch is armed           [kill_switch_armed]",
        "  NO entries are suspended by disk_low  [suspended]",
        "  ok positions with a new one           1, at most 1",
        "  ok orders whose outcome is unknown    0, at most 0",
        "  ok trading is switched on",
    ]


def test_a_proposal_shows_every_comparison_of_the_market() -> None:
    rules = {rule.rule: rule for rule in decide().rules}
    market, inputs, bias = rules["market"], rules["inputs"], rules["bias"]
    rv14 = market.inputs["rv14_pct"]
    assert isinstance(rv14, float)
    assert [(c.code, c.value, c.op, c.threshold) for c in market.checks] == [
        ("capital_below_min", 200_000.0, ">=", 20_000.0),
        ("dvol_below_min", 65.0, ">=", 40.0),
        ("dvol_above_max", 65.0, "<=", 85.0),
        ("dvol_day_change", 65.0 / 64.0 - 1.0, "<=", 0.12),
        ("vrp_below_min", 65.0 - rv14, ">=", 0.0),
        ("macro_event", "none", "is", "none"),
        ("funding_extreme", 0.08, "<=", 0.8),
        ("eth_share", 0.15, "<=", 0.3),
        ("liquidation_pressure", "low", "is", "not high"),
    ]
    assert market.inputs == {"rv14_pct": rv14, "funding_frac": 0.08}
    assert [(c.code, c.value, c.threshold) for c in inputs.checks] == [
        ("funding_missing", 0.08, "known"),
        ("chain_broken", 0.0, 0.05),
    ]
    assert inputs.inputs == {"index_closes": 722, "venues": 1, "quotes": len(wire_quotes()), "broken": 0}
    assert [(c.code, c.value, c.op, c.threshold) for c in bias.checks] == [
        ("funding_against_trend", 0.08, ">", -0.2)
    ]
    assert (bias.inputs["branch"], bias.inputs["dvol"]) == ("bull_put", 65.0)


def test_a_proposal_shows_its_prices() -> None:
    decision = decide()
    plan = decision.plan
    assert plan is not None
    shown = next(rule for rule in decision.rules if "floor_eth" in rule.inputs)
    assert [shown.inputs[name] for name in ("limit_eth", "floor_eth", "mid_eth", "natural_eth")] == [
        str(price) for price in (plan.limit_eth, plan.floor_eth, plan.mid_eth, plan.natural_eth)
    ]


def test_the_worst_loss_is_the_width_less_the_natural_credit_after_the_fees_of_entry_and_exit() -> None:
    """A bull put loses most at half of spot: the width less the value of the remaining credit there."""
    decision = decide()
    plan = decision.plan
    assert plan is not None
    short, long = plan.legs
    kept_eth = float(plan.natural_eth) - 4 * 0.0003
    width = short.strike_usd - long.strike_usd
    assert plan.worst_loss_usd == pytest.approx(width - 0.5 * SPOT_USD * kept_eth)
    assert plan.worst_loss_eth == pytest.approx(width / (0.5 * SPOT_USD) - kept_eth)


def test_a_refusal_after_the_bias_still_names_its_kind() -> None:
    refused = decide(chain=chain_of(wire_quotes([2700])))
    assert (refused.plan, refused.kind) == (None, SpreadKind.BULL_PUT)


def test_a_proposal_shows_what_the_size_came_from() -> None:
    decision = decide()
    sizing = next(rule for rule in decision.rules if rule.rule == "sizing")
    assert decision.plan is not None
    assert sizing.inputs == {
        "contracts": decision.plan.contracts,
        "contracts_max": 4,
        "budget_usd": 585.0 * 60.0 / 65.0,
        "worst_loss_usd": decision.plan.worst_loss_usd,
        "worst_loss_eth": decision.plan.worst_loss_eth,
        "venue_loss_max_eth": 5.0,
        "initial_margin_one_eth": decision.plan.initial_margin_eth,
        "margin_free_eth": 4.0,
    }
