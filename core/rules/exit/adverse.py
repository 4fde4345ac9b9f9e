"""Exit rule `adverse`: spot moves against the position."""

from __future__ import annotations

from core.checks import Check, RuleResult, at_least
from core.rules.facts import OpenPositionFacts
from core.strategy import ExitsSection
from core.values import Leg, OptionType, Side, SpreadKind


def check_adverse(
    spot_usd: float, spot_4h_ago_usd: float, position: OpenPositionFacts, exits: ExitsSection
) -> RuleResult:
    """Spot most of the way to a short strike, or a 4-hour return against the position."""
    condor = position.kind is SpreadKind.IRON_CONDOR
    path_limit = exits.adverse_path_condor if condor else exits.adverse_path
    checks: list[Check] = []
    shorts = [leg for leg in position.legs if leg.side is Side.SELL]
    if path_limit is not None:
        checks += [
            at_least(
                "adverse_path",
                path_done(leg, position.entry_spot_usd, spot_usd),
                path_limit,
                leg.instrument_name,
            )
            for leg in shorts
        ]
    return_4h = spot_usd / spot_4h_ago_usd - 1.0
    if exits.adverse_return_4h is not None:
        for leg in shorts:
            against = -return_4h if leg.option_type is OptionType.PUT else return_4h
            checks.append(
                at_least("adverse_return_4h", against, exits.adverse_return_4h, leg.option_type.value)
            )
    return RuleResult(rule="adverse", checks=tuple(checks), inputs={"return_4h": return_4h})


def path_done(leg: Leg, entry_spot_usd: float, spot_usd: float) -> float:
    """The fraction of the way from the entry spot to a short strike that spot has gone; 1 at the strike.

    If spot was already at or past the strike at entry, it is 1 while it still is and 0 otherwise.
    """
    sign = 1.0 if leg.option_type is OptionType.CALL else -1.0
    whole = sign * (leg.strike_usd - entry_spot_usd)
    if whole <= 0.0:
        return 1.0 if sign * (spot_usd - leg.strike_usd) >= 0.0 else 0.0
    return sign * (spot_usd - entry_spot_usd) / whole
