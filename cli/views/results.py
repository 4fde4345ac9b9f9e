"""What the strategy has made, as the protections see it, and the margin in use: one line for a page."""

from __future__ import annotations

from core.checks import Check
from core.messages.room_status import ResultsSeen
from core.rules.entry.protections import DRAWDOWN, LATCHED, LOSS, REST, STREAK, UNKNOWN


def results_text(seen: ResultsSeen) -> str:
    """Each protection's figure beside its bound, and maintenance margin over venue equity."""
    texts = [_check_text(check) for check in seen.protections.checks]
    if seen.margin_use is not None:
        texts.append(f"margin {seen.margin_use:.1%} of venue equity")
    return ", ".join(texts or ["every protection is off"])


def _check_text(check: Check) -> str:
    if check.code == UNKNOWN:
        return "P&L not known: an open position has no mark"
    value, bound = float(check.value or 0.0), float(check.threshold or 0.0)
    text = {
        DRAWDOWN: f"drawdown {value:.2%} of at most {bound:.2%}",
        LOSS: f"loss {value:,.0f} of at most {bound:,.0f} USD",
        STREAK: f"{value:.0f} of fewer than {bound:.0f} losing trades in a row",
        REST: f"{value:.1f} of {bound:.0f} weeks since a stop",
    }[check.code]
    if check.passed:
        return text
    return f"{'BREACHED' if check.code in LATCHED else 'RESTS'}: {text}"
