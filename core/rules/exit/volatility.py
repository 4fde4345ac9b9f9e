"""Exit rule `volatility`: DVOL has risen since the entry."""

from __future__ import annotations

from core.checks import RuleResult, at_least
from core.strategy import ExitsSection


def check_volatility(dvol: float, entry_dvol: float, exits: ExitsSection) -> RuleResult:
    """DVOL up by `dvol_rise_pts` since entry, or to `dvol_rise_multiple` times its entry value."""
    checks = []
    if exits.dvol_rise_pts is not None:
        checks.append(at_least("dvol_rise_pts", dvol - entry_dvol, exits.dvol_rise_pts))
    if exits.dvol_rise_multiple is not None:
        checks.append(at_least("dvol_rise_multiple", dvol / entry_dvol, exits.dvol_rise_multiple))
    return RuleResult(
        rule="volatility", checks=tuple(checks), inputs={"dvol": dvol, "entry_dvol": entry_dvol}
    )
