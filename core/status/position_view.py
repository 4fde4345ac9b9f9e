"""One position as a person looks at it: strikes, time, distance, risk, P&L, and how near each exit is.

The exits are the rules themselves (`core/rules/exit`), run on the last marks: what is shown is what decides.
For display only: what is booked comes from the venue, and what is decided from a fresh snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.checks import Check, RuleResult, at_least
from core.messages.room_status import LegMark, Marks
from core.orders.books import Position
from core.orders.closing_cost import ClosingCost, cost_of
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from core.pricing.margin import MarginLeg, maintenance_margin_eth
from core.rules.entry.strikes import dte_days
from core.rules.exit.adverse import check_adverse
from core.rules.exit.decision import cost_over_credit
from core.rules.exit.delta import check_delta
from core.rules.exit.expiry import check_expiry
from core.rules.exit.margin import use_of
from core.rules.exit.profit import check_profit
from core.rules.exit.stop import check_stop
from core.rules.exit.volatility import check_volatility
from core.rules.facts import OpenPositionFacts
from core.statistics.marked import pnl_at_marks_eth, pnl_at_marks_usd
from core.strategy import ExitsSection
from core.values import Leg, OptionType, Side, Value

USD_CENT = Decimal("0.01")


class PositionView(Value):
    """A position at the last marks. What needs a mark that is missing is None, and `exits` has less rules."""

    position: Position
    strikes: str
    """Short over long strikes, as `2800/2600P`; a condor as `2800/2600P 3400/3600C`."""
    dte: float
    short_distance_frac: float | None
    """How far spot is from the nearest short strike, as a fraction of spot; below 0 once it is past it."""
    worst_loss_usd: float
    margin_eth: float | None
    """Maintenance margin that holding it ties up at the venue, by the standard formula."""
    closing_eth: Decimal | None
    """What buying all of it back costs at the touch, before fees; positive if we pay."""
    pnl_eth: Decimal | None
    pnl_usd: Decimal | None
    exits: tuple[RuleResult, ...]
    """Each exit rule that can be looked at, in the order in which they decide; a passed check closes."""

    @property
    def due(self) -> ExitRule | None:
        """The exit rule that would close it at these marks, None if it would be held."""
        for rule in self.exits:
            if any(check.passed for check in rule.checks):
                return ExitRule(rule.rule)
        return None

    @property
    def nearest(self) -> tuple[Check, ...]:
        """Of each code the check that is nearest to its threshold: what a person has to look at."""
        found: dict[str, Check] = {}
        for check in (check for rule in self.exits for check in rule.checks):
            known = found.get(check.code)
            if known is None or _number(check.value) > _number(known.value):
                found[check.code] = check
        return tuple(found.values())


@dataclass(frozen=True)
class MarkedLeg:
    """A leg at its last mark, as the rules read a quote."""

    leg: Leg
    mark: LegMark

    @property
    def instrument_name(self) -> str:
        return self.leg.instrument_name

    @property
    def option_type(self) -> OptionType:
        return self.leg.option_type

    @property
    def strike_usd(self) -> float:
        return self.leg.strike_usd

    @property
    def expiration(self) -> datetime:
        return self.leg.expiration

    @property
    def timestamp(self) -> datetime:
        return self.mark.at

    @property
    def forward_usd(self) -> float:
        return self.mark.forward_usd

    @property
    def bid_eth(self) -> Decimal | None:
        return self.mark.bid_eth

    @property
    def ask_eth(self) -> Decimal | None:
        return self.mark.ask_eth

    @property
    def mark_iv_pct(self) -> float:
        return self.mark.mark_iv_pct

    @property
    def abs_delta(self) -> float:
        return abs(self.mark.delta)


def position_view(
    position: Position, market: Marks | None, exits: ExitsSection | None, now: datetime
) -> PositionView:
    """The view of one position at `now`; without `exits` no rule is shown."""
    marked = _marked(position, market)
    spot_usd = None if market is None else market.spot_usd
    marks_eth = {} if market is None else {mark.instrument_name: mark.mark_eth for mark in market.legs}
    pnl_usd = None if spot_usd is None else pnl_at_marks_usd(position, marks_eth, spot_usd)
    return PositionView(
        position=position,
        strikes=strikes_text(position.plan.legs),
        dte=dte_days(now, position.plan.expiration),
        short_distance_frac=None if spot_usd is None else _distance_frac(position, spot_usd),
        worst_loss_usd=position.plan.worst_loss_usd * _contracts_at_risk(position),
        margin_eth=None if marked is None else _margin_eth(position, marked),
        closing_eth=None if marked is None else _closing_cost(marked).natural_eth * position.contracts,
        pnl_eth=None if market is None else pnl_at_marks_eth(position, marks_eth),
        pnl_usd=None if pnl_usd is None else pnl_usd.quantize(USD_CENT),
        exits=() if exits is None else _exits(position, market, marked, exits, now),
    )


def strikes_text(legs: Sequence[Leg]) -> str:
    """Strikes of each side, the short one first: `2800/2600P`."""
    sides = []
    for option_type, letter in ((OptionType.PUT, "P"), (OptionType.CALL, "C")):
        ours = [leg for leg in legs if leg.option_type is option_type]
        if ours:
            shorts_first = sorted(ours, key=lambda leg: leg.side is Side.BUY)
            sides.append("/".join(f"{leg.strike_usd:g}" for leg in shorts_first) + letter)
    return " ".join(sides)


def _contracts_at_risk(position: Position) -> int:
    """The contracts that are held; of an entry that may still fill, as many as are planned."""
    if position.state in (PositionState.OPEN, PositionState.CLOSING):
        return position.contracts
    return max(position.contracts, position.plan.contracts)


def _marked(position: Position, market: Marks | None) -> tuple[MarkedLeg, ...] | None:
    marks = {} if market is None else {mark.instrument_name: mark for mark in market.legs}
    found = tuple(
        MarkedLeg(leg, marks[leg.instrument_name])
        for leg in position.plan.legs
        if leg.instrument_name in marks
    )
    return found if len(found) == len(position.plan.legs) else None


def _distance_frac(position: Position, spot_usd: float) -> float:
    shorts = [leg for leg in position.plan.legs if leg.side is Side.SELL]
    return min(
        (1.0 if leg.option_type is OptionType.CALL else -1.0) * (leg.strike_usd - spot_usd) / spot_usd
        for leg in shorts
    )


def _closing_cost(marked: Sequence[MarkedLeg]) -> ClosingCost:
    return cost_of([(each.leg, each) for each in marked])


def _margin_eth(position: Position, marked: Sequence[MarkedLeg]) -> float:
    return maintenance_margin_eth(
        MarginLeg(
            each.option_type,
            each.forward_usd,
            each.strike_usd,
            float(each.mark.mark_eth),
            each.leg.side.sign * each.leg.ratio * position.contracts,
        )
        for each in marked
    )


def _margin_rule(market: Marks | None, exits: ExitsSection) -> Iterator[RuleResult]:
    """The account's margin, which closes the position that uses most; nothing if the account was not seen."""
    account = None if market is None else market.account
    if account is None or exits.margin_exit is None or account.maintenance_margin_eth < 0:
        return
    use = use_of(float(account.maintenance_margin_eth), float(account.equity_eth))
    yield RuleResult(rule="margin", checks=(at_least("margin", use, exits.margin_exit),))


def _exits(
    position: Position,
    market: Marks | None,
    marked: tuple[MarkedLeg, ...] | None,
    exits: ExitsSection,
    now: datetime,
) -> tuple[RuleResult, ...]:
    """Every exit rule of which the marks hold what it reads; nothing before there is something to close."""
    if position.contracts == 0 or position.entered_at is None:
        return ()
    plan = position.plan
    rules = [*_margin_rule(market, exits), check_expiry(dte_days(now, plan.expiration), exits)]
    if market is None or market.spot_usd is None or position.credit_eth <= 0:
        return tuple(rules)
    facts = OpenPositionFacts(
        position_id=position.position_id,
        kind=position.kind,
        legs=plan.legs,
        contracts=position.contracts,
        credit_eth=position.credit_eth / position.contracts_opened,
        entered_at=position.entered_at,
        expiration=plan.expiration,
        entry_spot_usd=plan.entry_spot_usd,
        entry_dvol=plan.entry_dvol,
    )
    if marked is not None:
        ratio = cost_over_credit(_closing_cost(marked).total_eth, facts, market.spot_usd, exits.measure)
        rules += [check_profit(ratio, exits), check_stop(ratio, exits)]
    if market.dvol is not None:
        rules.append(check_volatility(market.dvol, plan.entry_dvol, exits))
    if marked is not None:
        shorts = [each for each in marked if each.leg.side is Side.SELL]
        rules.append(check_delta(shorts, position.kind, exits))
    ago_usd = market.spot_4h_ago_usd
    if ago_usd is None:
        exits = exits.model_copy(update={"adverse_return_4h": None})
    rules.append(check_adverse(market.spot_usd, ago_usd or market.spot_usd, facts, exits))
    return tuple(rules)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
