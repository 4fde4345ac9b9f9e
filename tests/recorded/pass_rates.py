"""How far four months can tell the pass rates apart: `python -m tests.recorded.pass_rates $DATA`.

For each kind, forced, with the market filters off: its rate by month, and the interval that a bootstrap over
whole weeks gives it (neighbouring snapshots are alike). For condors also by how unequal their sides are, and
with the DVOL floor that rule 3 has for them alone.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from core.rules.entry.decision import EntryOutcome, construct
from core.strategy import Strategy
from core.values import SpreadKind
from tests.recorded.market import RecordedMarket

RESAMPLES = 4_000
UNEQUAL = (1.0, 1.3, 1.6, 10.0)
LOW_SPOT_USD = 2_300.0
"""Between January and the later months."""


@dataclass(frozen=True)
class Forced:
    """One snapshot, one kind: whether it passed, what stopped it, and how unequal its sides were."""

    at: datetime
    kind: SpreadKind
    spot_usd: float
    dvol: float
    passed: bool
    reasons: tuple[str, ...]
    inequality: float | None

    @property
    def week(self) -> tuple[int, int]:
        return self.at.isocalendar()[:2]


def forced(market: RecordedMarket, strategy: Strategy) -> list[Forced]:
    """Every snapshot through rules 4 to 8, as each kind."""
    found = []
    for snapshot in market.snapshots():
        facts = market.entry_facts(snapshot, strategy)
        assert facts.market.chain is not None
        for kind in SpreadKind:
            outcome, _, rules = construct(facts, facts.market.chain, strategy, kind)
            sides = [value for name, value in rules[0].inputs.items() if name.startswith("width_frac_")]
            widths = [value for value in sides if isinstance(value, float)]
            paired = outcome is not EntryOutcome.NO_STRIKES
            found.append(
                Forced(
                    facts.now,
                    kind,
                    snapshot.spot_usd,
                    facts.market.dvol or 0.0,
                    outcome is EntryOutcome.PROPOSE,
                    rules[-1].reasons,
                    max(widths) / min(widths) if paired else None,
                )
            )
    return found


def interval(found: Sequence[Forced]) -> tuple[float, float]:
    """The middle 95 % of the pass rate when whole weeks are drawn again."""
    weeks: dict[tuple[int, int], list[bool]] = {}
    for one in found:
        weeks.setdefault(one.week, []).append(one.passed)
    blocks = list(weeks.values())
    rng = random.Random(1)
    rates = []
    for _ in range(RESAMPLES):
        drawn = [passed for block in rng.choices(blocks, k=len(blocks)) for passed in block]
        rates.append(sum(drawn) / len(drawn))
    rates.sort()
    return rates[RESAMPLES // 40], rates[-RESAMPLES // 40]


def rendered(found: Sequence[Forced]) -> str:
    months = sorted({f"{one.at:%Y-%m}" for one in found})
    lines = [" ".join(["kind", "rate", "interval", *months])]
    for kind in SpreadKind:
        of_kind = [one for one in found if one.kind is kind]
        low, high = interval(of_kind)
        by_month = (_rate(one for one in of_kind if f"{one.at:%Y-%m}" == month) for month in months)
        lines.append(" ".join([kind.value, _rate(of_kind), f"{low:.1%}-{high:.1%}", *by_month]))
    condors = [one for one in found if one.kind is SpreadKind.IRON_CONDOR]
    for low, high in pairwise(UNEQUAL):
        lines.append(_unequal(condors, low, high))
    for name, is_low in (("below", True), ("from", False)):
        near = [one.inequality for one in condors if (one.spot_usd < LOW_SPOT_USD) is is_low]
        ratios = [ratio for ratio in near if ratio is not None]
        unequal = sum(ratio >= UNEQUAL[1] for ratio in ratios)
        lines.append(f"spot {name} {LOW_SPOT_USD:.0f}: {unequal} of {len(ratios)} condors with unequal sides")
    gated = sum(one.passed and one.dvol >= Strategy().bias.condor_dvol_min_pts for one in condors)
    lines.append(f"iron_condor with the DVOL floor of rule 3: {gated / len(condors):.1%}")
    return "\n".join(lines)


def _unequal(condors: Iterable[Forced], low: float, high: float) -> str:
    of_ratio = [one for one in condors if one.inequality is not None and low <= one.inequality < high]
    refused = Counter(reason for one in of_ratio for reason in one.reasons)
    return (
        f"wider over narrower side {low}-{high}: {len(of_ratio)} condors, "
        f"credit_below_floor {refused['credit_below_floor']}, cost_above_max {refused['cost_above_max']}"
    )


def _rate(found: Iterable[Forced]) -> str:
    passed = [one.passed for one in found]
    return f"{sum(passed) / len(passed):.1%}"


if __name__ == "__main__":
    sys.stdout.write(rendered(forced(RecordedMarket(Path(sys.argv[1])), Strategy())) + "\n")
