"""The entry decision: facts and strategy in, one outcome with all its reasons out, perhaps with a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from core.checks import RuleResult
from core.market.option_chain import OptionChain
from core.market.statistics import r30_frac
from core.market.venue_clock import latest_time
from core.orders.plan import ComboPlan
from core.rules.entry.agreement import check_agreement
from core.rules.entry.bias import choose_bias, forced_bias
from core.rules.entry.blocked import check_blocked
from core.rules.entry.combo import plan_combo
from core.rules.entry.inputs import check_inputs, usable_funding_frac
from core.rules.entry.liquidity import check_liquidity
from core.rules.entry.market import check_market
from core.rules.entry.protections import check_protections
from core.rules.entry.sizing import Capital, one_contract, size
from core.rules.entry.strikes import Choosing, Pair, choose_strikes, has_broken_candidate
from core.rules.entry.worth import Credit, check_worth, credit_of
from core.rules.facts import EntryFacts
from core.strategy import Strategy
from core.values import Side, SpreadKind, Value


class EntryOutcome(StrEnum):
    """Where the decision stopped, in the order of the rules; only `propose` carries a plan."""

    BLOCKED = "blocked"
    PROTECTIONS = "protections"
    DATA_ANOMALY = "data_anomaly"
    MARKET = "market"
    NO_BIAS = "no_bias"
    NO_STRIKES = "no_strikes"
    NOT_WORTH = "not_worth"
    UNDERSIZE = "undersize"
    ILLIQUID = "illiquid"
    PROPOSE = "propose"


class EntryDecision(Value):
    """`reasons` are those of the rule that stopped it, none for `propose`; `rules` are all that ran."""

    outcome: EntryOutcome
    kind: SpreadKind | None
    forced_kind: SpreadKind | None
    reasons: tuple[str, ...]
    rules: tuple[RuleResult, ...]
    plan: ComboPlan | None

    def table(self) -> str:
        """Rule by rule as text, for people."""
        head = f"entry: {self.outcome.value}" + (f" ({', '.join(self.reasons)})" if self.reasons else "")
        return "\n".join([head, *(rule.table() for rule in self.rules)])


def decide_entry(
    facts: EntryFacts, strategy: Strategy, *, forced_kind: SpreadKind | None = None
) -> EntryDecision:
    """Rules 1 to 8 in order, the protections after the first; the first that refuses ends it.

    `forced_kind` stands in for the bias.
    """
    rules: list[RuleResult] = []
    kind = forced_kind

    def stop(outcome: EntryOutcome) -> EntryDecision:
        return EntryDecision(
            outcome=outcome,
            kind=kind,
            forced_kind=forced_kind,
            reasons=rules[-1].reasons,
            rules=tuple(rules),
            plan=None,
        )

    blocked = check_blocked(facts.engine, strategy)
    rules.append(blocked)
    if not blocked.passed:
        return stop(EntryOutcome.BLOCKED)
    protected = check_protections(facts, strategy)
    if protected is not None:
        rules.append(protected)
        if not protected.passed:
            return stop(EntryOutcome.PROTECTIONS)
    inputs = check_inputs(facts, strategy)
    rules.append(inputs)
    if not inputs.passed or facts.market.chain is None:
        return stop(EntryOutcome.DATA_ANOMALY)
    market = check_market(facts, strategy)
    rules.append(market)
    if not market.passed:
        return stop(EntryOutcome.MARKET)
    if forced_kind is None:
        kind, result = _bias(facts, strategy)
        rules.append(result)
    else:
        rules.append(forced_bias(forced_kind))
    if kind is None:
        return stop(EntryOutcome.NO_BIAS)
    agreement = check_agreement(facts, strategy)
    if agreement is not None:
        rules.append(agreement)
        if not agreement.passed:
            return stop(EntryOutcome.DATA_ANOMALY)
    outcome, plan, results = construct(facts, facts.market.chain, strategy, kind)
    rules += results
    if plan is None:
        return stop(outcome)
    return EntryDecision(
        outcome=outcome, kind=kind, forced_kind=forced_kind, reasons=(), rules=tuple(rules), plan=plan
    )


def construct(
    facts: EntryFacts,
    chain: OptionChain,
    strategy: Strategy,
    kind: SpreadKind,
    *,
    crediting: Callable[[Sequence[Pair]], Credit] = credit_of,
    choosing: Choosing = choose_strikes,
) -> tuple[EntryOutcome, ComboPlan | None, list[RuleResult]]:
    """Rules 4 to 8: from a kind to a plan, without asking whether the market allows it."""
    spot_usd, dvol = facts.market.spot_usd, facts.market.dvol
    pairs, strikes_result = choosing(chain, kind, spot_usd, facts.now, strategy.strikes, strategy.liquidity)
    rules = [strikes_result]
    if has_broken_candidate(strikes_result):
        return EntryOutcome.DATA_ANOMALY, None, rules
    if not strikes_result.passed:
        return EntryOutcome.NO_STRIKES, None, rules

    credit, worth_result = check_worth(pairs, spot_usd, strategy.worth, crediting=crediting)
    rules.append(worth_result)
    if not worth_result.passed:
        return EntryOutcome.NOT_WORTH, None, rules

    one = one_contract(
        pairs, float(credit.natural_eth), 2.0 * credit.fees_one_way_eth, spot_usd, strategy.sizing
    )
    contracts, sizing_result = size(one, _capital(facts), dvol, strategy.sizing)
    rules.append(sizing_result)
    if not sizing_result.passed:
        return EntryOutcome.UNDERSIZE, None, rules

    legs = [(pair.short, Side.SELL) for pair in pairs] + [(pair.long, Side.BUY) for pair in pairs]
    liquidity_result = check_liquidity(legs, contracts, facts.now, strategy.liquidity)
    rules.append(liquidity_result)
    if not liquidity_result.passed:
        return EntryOutcome.ILLIQUID, None, rules

    plan, combo_result = plan_combo(
        kind,
        pairs,
        contracts,
        credit=credit,
        one=one,
        now=facts.now,
        spot_usd=spot_usd,
        dvol=dvol,
        price_aggression=strategy.combo.price_aggression,
    )
    rules.append(combo_result)
    return EntryOutcome.PROPOSE, plan, rules


def _bias(facts: EntryFacts, strategy: Strategy) -> tuple[SpreadKind | None, RuleResult]:
    funding = usable_funding_frac(facts, strategy)
    market = facts.market
    r30 = r30_frac(market.spot_usd, market.index_hourly_closes, latest_time(facts.now, strategy.anomalies))
    return choose_bias(r30, funding, market.dvol, strategy.bias)


def _capital(facts: EntryFacts) -> Capital:
    return Capital(
        equity_usd=facts.account.equity_usd,
        eur_usd=facts.account.eur_usd,
        risk_open_usd=facts.engine.risk_open_usd,
        venue_equity_eth=facts.account.venue_equity_eth,
        initial_margin_eth=facts.account.initial_margin_eth,
    )
