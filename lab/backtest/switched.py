"""What the switches put in the place of an engine's own: fees, and how cost and credit are measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

from core.checks import RuleResult
from core.market.option_chain import OptionChain
from core.orders.closing_cost import ClosingCost, in_full
from core.rules.conduct import Conduct
from core.rules.entry.decision import EntryDecision, construct, decide_entry
from core.rules.entry.strikes import Choosing, Pair, choose_strikes
from core.rules.entry.worth import Credit, credit_of
from core.rules.exit.decision import decide_exit
from core.rules.facts import EntryFacts
from core.rules.window import window_end
from core.strategy import LiquiditySection, Strategy, StrikesSection
from core.values import SpreadKind
from gateway.paper.account import Fees
from lab.backtest.mapped_chain import MappedChain
from lab.backtest.switches import Switches

AS_RECORDED: Final = Decimal("0.000001")
"""What the index of mapped snapshots is rounded to: it is no venue's, and need not be in cents."""
NO_FEES: Final = Fees(lambda _price, _contracts: Decimal(0), lambda _payoff, _size, _daily: Decimal(0))


def conduct_of(switches: Switches, strategy: Strategy) -> Conduct:
    """What decides, on either road."""
    measured = in_full if switches.exit_measure == "natural" else _at_mid
    crediting = credit_of if switches.fees else _credit_without_fees
    asked = f"{strategy.strikes.model_dump_json()}{strategy.liquidity.model_dump_json()}"

    def choosing(
        chain: OptionChain,
        kind: SpreadKind,
        spot_usd: float,
        now: datetime,
        strikes: StrikesSection,
        liquidity: LiquiditySection,
    ) -> tuple[tuple[Pair, ...], RuleResult]:
        """Points that differ in their exits alone choose the same."""
        choose = partial(choose_strikes, chain, kind, spot_usd, now, strikes, liquidity)
        return chain.choice(kind, asked, choose) if isinstance(chain, MappedChain) else choose()

    def decided(facts: EntryFacts, strategy: Strategy) -> EntryDecision:
        if switches.gates:
            return decide_entry(facts, strategy, forced_kind=switches.kind)
        return _constructed(facts, strategy, switches.kind, crediting, choosing)

    return Conduct(
        decide_entry=decided,
        decide_exit=lambda facts, strategy: decide_exit(facts, strategy, measured=measured),
        window_end=window_end if switches.window else lambda _: None,
        gated=switches.gates,
        first_exit_step=0 if switches.exit_price == "mid" else strategy.execution.exit_steps,
    )


def _constructed(
    facts: EntryFacts,
    strategy: Strategy,
    kind: SpreadKind | None,
    crediting: Callable[[Sequence[Pair]], Credit],
    choosing: Choosing,
) -> EntryDecision:
    """A plan of this kind, without asking whether the market allows it."""
    chain = facts.market.chain
    assert kind is not None
    assert chain is not None
    outcome, plan, rules = construct(facts, chain, strategy, kind, crediting=crediting, choosing=choosing)
    return EntryDecision(
        outcome=outcome,
        kind=kind,
        forced_kind=kind,
        reasons=() if plan is not None else rules[-1].reasons,
        rules=tuple(rules),
        plan=plan,
    )


def _at_mid(cost: ClosingCost) -> float:
    return float(cost.mid_eth)


def _credit_without_fees(pairs: Sequence[Pair]) -> Credit:
    return credit_of(pairs)._replace(fees_one_way_eth=0.0)
