"""A position in a few lines, the same in `status`, `state positions` and the live view."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from cli.views.lines import Line, Span, packed
from cli.views.output import eth_text, shown, usd_text
from core.check_words import Scalar, plain
from core.checks import Check
from core.how_many import how_many
from core.status.position_view import PositionView

GOOD, BAD, GRAVE, FAINT = "green", "red", "bold red", "dim"
NEAR_FRAC: Final = 0.05
"""A short strike that is nearer than this part of spot is drawn as a warning."""

EXITS: Final = {
    "margin": ("margin", "{:.1%}", "at"),
    "expiry": ("time left", "{:.1f} days", "at"),
    "profit": ("costs", "{:.0%}", "profit at"),
    "stop": ("costs", "{:.0%}", "stop at"),
    "dvol_rise_pts": ("DVOL", "{:+z.1f}", "at"),
    "dvol_rise_multiple": ("DVOL", "{:.2f}x", "at"),
    "delta": ("delta", "{:.2f}", "at"),
    "adverse_path": ("way to strike", "{:z.0%}", "at"),
    "adverse_return_4h": ("4 h", "{:+z.1%}", "at"),
}
"""The name and the form of each exit's figure, and what stands before its threshold. What closing costs
is over the credit: called a profit, 127 % of it read like a gain. `z`: nothing has no minus."""


def position_lines(view: PositionView, width: int) -> list[Line]:
    """Id, strikes, time and distance; P&L, risk and margin; then each exit beside its threshold."""
    position = view.position
    head = [
        Span(shown(position.position_id), "bold"),
        Span(position.kind.value),
        Span(position.state.value, "" if position.state.value == "open" else "yellow"),
        Span(how_many(position.contracts, "contract")),
        Span(f"credit {position.credit_eth:f} ETH"),
    ]
    where = [Span(view.strikes, "bold"), Span(f"expires {position.plan.expiration:%d %b %H:%M}Z")]
    where += [Span(f"{view.dte:.1f} days"), _distance(view.short_distance_frac)]
    money = [_pnl(view.pnl_eth, view.pnl_usd), Span(f"max loss {view.worst_loss_usd:,.2f} USD")]
    money.append(_margin(view.margin_eth))
    lines = packed(head, width)
    lines += packed(where, width, indent=2)
    lines += packed(money, width, indent=2)
    exits = [_exit(check) for check in view.nearest if not _is_told_above(check)]
    if exits:
        lines += packed(exits, width, label="  exits", indent=9)
    return lines


def _is_told_above(check: Check) -> bool:
    """A margin that is far from its bound, which stands with the account."""
    if check.code != "margin" or not isinstance(check.value, float) or not isinstance(check.threshold, float):
        return False
    return check.value < check.threshold / 2


def _distance(frac: float | None) -> Span:
    if frac is None:
        return Span("distance to the short strike not known", "yellow")
    if frac < 0.0:
        return Span(f"PAST the short strike by {-frac:.1%}", GRAVE)
    return Span(f"short strike {frac:.1%} away", GRAVE if frac < NEAR_FRAC else "")


def _pnl(eth: Decimal | None, usd: Decimal | None) -> Span:
    if eth is None or usd is None:
        return Span("P&L not known, a mark is missing", "yellow")
    return Span(f"P&L {eth_text(eth)} ETH, {usd_text(usd)} USD", GOOD if eth >= 0 else BAD)


def _margin(eth: float | None) -> Span:
    return Span("margin not known", "yellow") if eth is None else Span(f"margin {eth:.4f} ETH")


def _exit(check: Check) -> Span:
    """The present figure, and in brackets the threshold at which the rule closes."""
    label, form, closes = EXITS.get(check.code, (check.code, "", "at"))
    due = "DUE: " if check.passed else ""
    text = f"{due}{label} {_figure(check.value, form)} ({closes} {_figure(check.threshold, form)})"
    return Span(text, GRAVE if check.passed else "")


def _figure(value: Scalar, form: str) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return form.format(value) if form and number else plain(value)
