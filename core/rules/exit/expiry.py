"""Exit rule `expiry`: too little time is left."""

from __future__ import annotations

from core.checks import RuleResult, at_most
from core.strategy import ExitsSection


def check_expiry(dte: float, exits: ExitsSection) -> RuleResult:
    """DTE at or below `expiry_dte`; a setting of 0 leaves the position to settlement."""
    checks = (at_most("expiry", dte, exits.expiry_dte),) if exits.expiry_dte > 0.0 else ()
    return RuleResult(rule="expiry", checks=checks, inputs={"dte": dte})
