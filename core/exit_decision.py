"""The exit decision of one open position: the rule that closes it, or hold, or skipped for want of data."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from core.rules import RuleResult
from core.values import PositionId, Value


class ExitCode(StrEnum):
    """The exit rules in the order in which they win."""

    EXPIRY = "expiry"
    PROFIT = "profit"
    STOP = "stop"
    VOLATILITY = "volatility"
    DELTA = "delta"
    ADVERSE = "adverse"
    HOLD = "hold"


class ExitDecision(Value):
    """`code` is the first rule that matched; `matched` lists all of them in order (empty for hold).

    Costs are ETH per contract to buy the combo back, positive where we pay: `cost_eth` as the rules compare
    it (natural plus a fee per leg), `mid_cost_eth` and `natural_cost_eth` without fees, for the exit order.
    `flags` names what was assumed, such as `no_ask:ETH-…`.
    """

    position_id: PositionId
    code: ExitCode
    matched: tuple[ExitCode, ...]
    rules: tuple[RuleResult, ...]
    dte: float
    cost_eth: Decimal
    mid_cost_eth: Decimal
    natural_cost_eth: Decimal
    unrealised_eth: Decimal
    flags: tuple[str, ...]

    def table(self) -> str:
        """Rule by rule as text, for people."""
        head = f"exit {self.position_id}: {self.code.value}"
        return "\n".join([head, *(rule.table() for rule in self.rules)])


class Skipped(Value):
    """No decision: data was missing or broken. Never to be read as hold."""

    position_id: PositionId
    reasons: tuple[str, ...]
