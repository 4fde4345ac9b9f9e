"""The exit decision of one open position: the rule that closes it, or hold, or skipped for want of data."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, Literal

from core.checks import RuleResult
from core.orders.closing_cost import ClosingCost, cost_of, in_full, leg_quotes, quote_reasons
from core.orders.exit_rule import ExitRule
from core.rules.entry.strikes import dte_days
from core.rules.exit.adverse import check_adverse
from core.rules.exit.delta import check_delta
from core.rules.exit.expiry import check_expiry
from core.rules.exit.margin import check_margin, is_unknown
from core.rules.exit.profit import check_profit
from core.rules.exit.stop import check_stop
from core.rules.exit.volatility import check_volatility
from core.rules.facts import MonitorFacts, OpenPositionFacts
from core.strategy import ExitMeasure, Strategy
from core.values import Failed, PositionId, Side, Value

HOLD: Final = "hold"
"""The code of a decision by which the position stays open."""


class ExitDecision(Value):
    """`code` is the first rule that matched; `matched` lists all of them in order (empty for hold).

    Costs to buy the combo back are ETH per contract, positive if we pay. The rules compare `cost_eth`
    (natural plus a fee per leg); `mid_cost_eth` and `natural_cost_eth` are without fees, for the exit order.
    `unrealised_eth` is credit less cost per contract; `flags` names what was assumed, as `no_ask:ETH-…`.
    """

    position_id: PositionId
    code: ExitRule | Literal["hold"]
    matched: tuple[ExitRule, ...]
    rules: tuple[RuleResult, ...]
    dte: float
    cost_eth: float
    mid_cost_eth: Decimal
    natural_cost_eth: Decimal
    unrealised_eth: float
    flags: tuple[str, ...]

    @property
    def rule(self) -> ExitRule | None:
        """The rule that closes the position; None to hold it."""
        return self.matched[0] if self.matched else None

    def table(self) -> str:
        """Rule by rule as text, for people."""
        head = f"exit {self.position_id}: {self.code}"
        verdicts = ["closes" if matched(rule) else "holds" for rule in self.rules]
        tables = [rule.table(verdict) for rule, verdict in zip(self.rules, verdicts, strict=True)]
        return "\n".join([head, *tables])


class Skipped(Value):
    """No decision: data was missing or broken. Never to be read as hold."""

    position_id: PositionId
    reasons: tuple[str, ...]


def decide_exit(
    facts: MonitorFacts,
    strategy: Strategy,
    *,
    measured: Callable[[ClosingCost], float] = in_full,
) -> ExitDecision | Skipped:
    """Run every exit rule on one position; the first match wins. `Skipped` if data is missing or broken.

    `measured` is what the rules compare, ETH per contract; no engine gives another one than `in_full`.
    """
    reasons = _unusable(facts, strategy)
    market = facts.market
    spot, spot_4h_ago, dvol, chain = market.spot_usd, market.spot_4h_ago_usd, market.dvol, market.chain
    quoted = Failed(reasons=()) if chain is None else leg_quotes(chain, facts.position.legs)
    if reasons or spot is None or spot_4h_ago is None or dvol is None or isinstance(quoted, Failed):
        return Skipped(position_id=facts.position.position_id, reasons=tuple(reasons))
    position, exits = facts.position, strategy.exits
    cost = cost_of(quoted)
    cost_eth = measured(cost)
    ratio = cost_over_credit(cost_eth, position, spot, exits.measure)
    dte = dte_days(facts.now, position.expiration)
    shorts = [quote for leg, quote in quoted if leg.side is Side.SELL]
    margin = check_margin(facts, exits)
    rules = (
        *(() if margin is None else (margin,)),
        check_expiry(dte, exits),
        check_profit(ratio, exits),
        check_stop(ratio, exits),
        check_volatility(dvol, position.entry_dvol, exits),
        check_delta(shorts, position.kind, exits),
        check_adverse(spot, spot_4h_ago, position, exits),
    )
    codes = tuple(ExitRule(rule.rule) for rule in rules if matched(rule))
    if not codes and is_unknown(facts, exits):
        # Another rule may close it without the margin; nothing may hold it without.
        return Skipped(position_id=position.position_id, reasons=("margin_missing",))
    return ExitDecision(
        position_id=position.position_id,
        code=codes[0] if codes else HOLD,
        matched=codes,
        rules=rules,
        dte=dte,
        cost_eth=cost_eth,
        mid_cost_eth=cost.mid_eth,
        natural_cost_eth=cost.natural_eth,
        unrealised_eth=float(position.credit_eth) - cost_eth,
        flags=cost.flags,
    )


def _unusable(facts: MonitorFacts, strategy: Strategy) -> list[str]:
    """Every reason why the facts are not enough for a decision."""
    market = facts.market
    reasons = [
        code
        for code, value in (
            ("spot_missing", market.spot_usd),
            ("spot_4h_ago_missing", market.spot_4h_ago_usd),
            ("dvol_missing", market.dvol),
            ("chain_missing", market.chain),
        )
        if value is None
    ]
    chain = market.chain
    if chain is None:
        return reasons
    if chain.broken_frac > strategy.anomalies.broken_max_frac:
        reasons.append("chain_broken")
    for leg in facts.position.legs:
        quote = chain.quote(leg.instrument_name)
        reasons += quote_reasons(leg, quote)
        if quote is not None and quote.age_s(facts.now) > strategy.liquidity.max_quote_age_s:
            reasons.append(f"leg_too_old:{leg.instrument_name}")
    return reasons


def cost_over_credit(
    cost_eth: float, position: OpenPositionFacts, spot_usd: float, measure: ExitMeasure
) -> float:
    """Cost to close over the credit, both in ETH, or both in USD, each at the index of its own time."""
    ratio = cost_eth / float(position.credit_eth)
    if measure is ExitMeasure.USD:
        return ratio * spot_usd / position.entry_spot_usd
    return ratio


def matched(result: RuleResult) -> bool:
    """An exit rule matches if any of its checks passed."""
    return any(check.passed for check in result.checks)
