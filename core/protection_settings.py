"""The section `protections` of `strategy.yaml`, and why no protection may be as small as one trade."""

from __future__ import annotations

from pydantic import Field

from core.section import Section


class ProtectionsSection(Section):
    """When the strategy's own results suspend entries. Each protection is off if it is null."""

    drawdown_max_frac: float | None = Field(
        0.06, gt=0, le=1, description="fraction of equity that its own P&L may be below its peak; null: off"
    )
    drawdown_window_d: float = Field(90.0, ge=1, le=3650, description="days back in which that peak counts")
    loss_max_multiple: float | None = Field(
        3.0, gt=0, le=1000, description="realised loss over sizing.cap_per_trade_eur; null: off"
    )
    loss_window_d: float = Field(30.0, ge=1, le=3650, description="days back in which a closed trade counts")
    losing_trades_max: int | None = Field(
        4, ge=1, le=1000, description="so many losing trades in a row suspend entries; null: off"
    )
    rest_weeks_after_stop: int | None = Field(
        0, ge=0, le=52, description="weeks without an entry after an exit by stop; 0 or null: off"
    )


def one_trade_alone(
    protections: ProtectionsSection, *, risk_frac: float, budget_scale_max: float
) -> str | None:
    """Why one losing trade would breach a protection by itself, as a sentence; None if it can't.

    `risk_frac` is the most that a trade stakes as a fraction of equity, and `budget_scale_max` the most by
    which the budget of a trade, and with it `cap_per_trade_eur`, is scaled up.
    """
    risk_frac *= budget_scale_max
    # The equity that the drawdown is compared with has fallen by the loss, too.
    drawdown_frac = risk_frac / (1.0 - risk_frac) if risk_frac < 1.0 else 1.0
    drawdown_max, loss_max = protections.drawdown_max_frac, protections.loss_max_multiple
    if drawdown_max is not None and drawdown_max <= drawdown_frac:
        return (
            f"protections.drawdown_max_frac: expected above {drawdown_frac:.4g}, found {drawdown_max:g}: "
            f"one trade that loses all it stakes ({risk_frac:.4g} of equity by sizing) would breach it"
        )
    if loss_max is not None and loss_max <= budget_scale_max:
        return (
            f"protections.loss_max_multiple: expected above {budget_scale_max:g}, found {loss_max:g}: "
            f"one trade may lose {budget_scale_max:g} x sizing.cap_per_trade_eur, and would breach it"
        )
    if protections.losing_trades_max == 1:
        return (
            "protections.losing_trades_max: expected at least 2 or null, found 1: "
            "one losing trade would breach it"
        )
    return None
