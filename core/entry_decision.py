"""The entry decision: facts and strategy in, one outcome with all its reasons and perhaps a plan out."""

from __future__ import annotations

from enum import StrEnum

from core.combo import ComboPlan
from core.rules import RuleResult
from core.values import SpreadKind, Value


class EntryOutcome(StrEnum):
    """Where the decision stopped, in the order of the rules; only `propose` carries a plan."""

    BLOCKED = "blocked"
    DATA_ANOMALY = "data_anomaly"
    MARKET = "market"
    NO_BIAS = "no_bias"
    NO_STRIKES = "no_strikes"
    NOT_WORTH = "not_worth"
    UNDERSIZE = "undersize"
    ILLIQUID = "illiquid"
    PROPOSE = "propose"


class EntryDecision(Value):
    """`reasons` are those of the rule that stopped it, none for `propose`; `rules` are all that ran."""

    outcome: EntryOutcome
    kind: SpreadKind | None
    forced_kind: SpreadKind | None
    reasons: tuple[str, ...]
    rules: tuple[RuleResult, ...]
    plan: ComboPlan | None

    def table(self) -> str:
        """Rule by rule as text, for people."""
        head = f"entry: {self.outcome.value}" + (f" ({', '.join(self.reasons)})" if self.reasons else "")
        return "\n".join([head, *(rule.table() for rule in self.rules)])
