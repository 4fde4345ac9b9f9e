"""How the recorded chains fare in the entry rules: `python -m tests.recorded.gate_table $DATA`.

Every snapshot goes through the whole decision with its own bias, and through rules 4 to 8 forced to each kind
with the market filters off. `$DATA` is the folder that holds `chains/` and the hourly files.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from core.checks import RuleResult
from core.rules.entry.decision import EntryOutcome, construct, decide_entry
from core.rules.facts import EntryFacts
from core.strategy import Strategy
from core.values import SpreadKind
from tests.recorded.market import RecordedMarket

OWN_BIAS = "own bias"


@dataclass
class Column:
    """The outcomes of one way to run the snapshots, and the worth and size of what passed the strikes."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    credit_of_width: list[float] = field(default_factory=list)
    cost_of_credit: list[float] = field(default_factory=list)
    contracts: list[float] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.outcomes.total()

    @property
    def pass_rate(self) -> float:
        return self.outcomes[EntryOutcome.PROPOSE.value] / self.total

    def add(self, outcome: EntryOutcome, rules: Sequence[RuleResult]) -> None:
        self.outcomes[outcome.value] += 1
        self.reasons.update(reason.split(":")[0] for reason in rules[-1].reasons)
        for rule in rules:
            if rule.rule == "worth":
                numbers = {check.code: check.value for check in rule.checks}
                for code, into in (
                    ("credit_below_floor", self.credit_of_width),
                    ("cost_above_max", self.cost_of_credit),
                ):
                    value = numbers[code]
                    if isinstance(value, float):
                        into.append(value)
        if outcome is EntryOutcome.PROPOSE:
            size = next(rule for rule in rules if rule.rule == "sizing").inputs["contracts"]
            self.contracts.append(float(str(size)))


def run(market: RecordedMarket, strategy: Strategy) -> dict[str, Column]:
    """The columns by name: the own bias, then each kind forced."""
    columns = empty_columns()
    for snapshot in market.snapshots():
        add(columns, market.entry_facts(snapshot, strategy), strategy)
    return columns


def empty_columns() -> dict[str, Column]:
    return {name: Column() for name in (OWN_BIAS, *(kind.value for kind in SpreadKind))}


def add(columns: dict[str, Column], facts: EntryFacts, strategy: Strategy) -> None:
    """One snapshot: its decision with its own bias, and the outcome of rules 4 to 8 for each kind."""
    own = decide_entry(facts, strategy)
    columns[OWN_BIAS].add(own.outcome, own.rules)
    assert facts.market.chain is not None
    for kind in SpreadKind:
        outcome, _, rules = construct(facts, facts.market.chain, strategy, kind)
        columns[kind.value].add(outcome, rules)


def rendered(columns: dict[str, Column]) -> str:
    """The table as Markdown."""
    lines = [_line(["", *columns]), _line(["---"] * (len(columns) + 1))]
    for outcome in EntryOutcome:
        counts = [column.outcomes[outcome.value] for column in columns.values()]
        if any(counts):
            totals = [column.total for column in columns.values()]
            shown = [f"{n} ({n / total:.1%})" for n, total in zip(counts, totals, strict=True)]
            lines.append(_line([outcome.value, *shown]))
    for name, attribute in (
        ("natural credit/width", "credit_of_width"),
        ("cost/mid credit", "cost_of_credit"),
        ("contracts", "contracts"),
    ):
        lines.append(_line([name, *(_quartiles(getattr(column, attribute)) for column in columns.values())]))
    lines.append("")
    for name, column in columns.items():
        lines.append(f"{name}: " + ", ".join(f"{code} {n}" for code, n in column.reasons.most_common()))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _quartiles(values: list[float]) -> str:
    low, middle, high = quantiles(values, n=4)
    return f"{middle:.3g} ({low:.3g}-{high:.3g})"


if __name__ == "__main__":
    sys.stdout.write(rendered(run(RecordedMarket(Path(sys.argv[1])), Strategy())) + "\n")
