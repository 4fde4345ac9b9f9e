"""What refuses each kind, by month and by DVOL: `python -m tests.recorded.refusals $DATA`.

Rules 4 to 8 forced to each kind, with the market filters off, over the snapshots that have an expiry in range
(whether there is one depends on the day of the week alone). A snapshot without a liquid pair counts as
refused by the volume of the side that would have one with a `volume_24h_min` of 0. The last two shares are
what would pass without that minimum, and without the cost limit.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

from core.rules.entry.decision import EntryOutcome, construct
from core.rules.entry.strikes import SIDES, choose_expiry
from core.rules.facts import EntryFacts
from core.strategy import LiquiditySection, Strategy, WorthSection
from core.values import OptionType, SpreadKind
from tests.recorded.market import RecordedMarket

DVOL_BANDS = (0.0, 55.0, 60.0, 70.0, 300.0)
GRID, LIQUIDITY, COST, FLOOR = "strike grid", "other liquidity", "cost", "floor"
VOLUMES = {OptionType.PUT: "put volume", OptionType.CALL: "call volume"}
CAUSES = (GRID, *VOLUMES.values(), LIQUIDITY, COST, FLOOR)
ANY_VOLUME = Strategy(liquidity=LiquiditySection(volume_24h_min=0.0))
ANY_COST = Strategy(worth=WorthSection(cost_max_of_credit=2.0))
WING = (0.05, 0.30)
"""|delta| of the options whose volume is shown: short and long legs come from there."""


class Case(NamedTuple):
    """One snapshot as one kind. `causes` is empty if it passed; several may refuse."""

    kind: SpreadKind
    month: str
    dvol: float
    causes: frozenset[str]
    passes_any_volume: bool
    passes_any_cost: bool
    cost_of_credit: float | None
    volumes: Mapping[OptionType, float]
    """Contracts traded in 24 h, the median of the wing."""


def cases(market: RecordedMarket, strategy: Strategy) -> list[Case]:
    """Every snapshot with an expiry in range, as each kind."""
    found = []
    for snapshot in market.snapshots():
        facts = market.entry_facts(snapshot, strategy)
        volumes = _volumes(facts, strategy)
        if volumes is None:
            continue
        for kind in SpreadKind:
            outcome, reasons, cost = _tried(facts, strategy, kind)
            any_volume, still_without, _ = _tried(facts, ANY_VOLUME, kind)
            found.append(
                Case(
                    kind,
                    f"{facts.now:%Y-%m}",
                    facts.market.dvol or 0.0,
                    frozenset() if outcome is EntryOutcome.PROPOSE else _causes(reasons, still_without),
                    any_volume is EntryOutcome.PROPOSE,
                    _tried(facts, ANY_COST, kind)[0] is EntryOutcome.PROPOSE,
                    cost,
                    volumes,
                )
            )
    return found


def _tried(
    facts: EntryFacts, strategy: Strategy, kind: SpreadKind
) -> tuple[EntryOutcome, tuple[str, ...], float | None]:
    """Outcome, reasons, and cost over mid credit if it came to that."""
    assert facts.market.chain is not None
    outcome, _, rules = construct(facts, facts.market.chain, strategy, kind)
    costs = [check.value for rule in rules for check in rule.checks if check.code == "cost_above_max"]
    return outcome, rules[-1].reasons, next((cost for cost in costs if isinstance(cost, float)), None)


def _volumes(facts: EntryFacts, strategy: Strategy) -> dict[OptionType, float] | None:
    """The median volume of each side's wing at the chosen expiry; None without an expiry in range."""
    chain = facts.market.chain
    assert chain is not None
    expiry = choose_expiry(chain.expiries, facts.now, strategy.strikes)
    if expiry is None:
        return None
    return {
        side: median(q.volume_24h for q in chain.side(expiry, side) if WING[0] <= q.abs_delta <= WING[1])
        for side in OptionType
    }


def _causes(reasons: Sequence[str], still_without: Sequence[str]) -> frozenset[str]:
    causes = set()
    for reason in reasons:
        code, _, note = reason.partition(":")
        if code == "no_liquid_pair":
            causes.add(LIQUIDITY if reason in still_without else VOLUMES[OptionType(note)])
        else:
            causes.add({"cost_above_max": COST, "credit_below_floor": FLOOR}.get(code, GRID))
    return frozenset(causes)


def rendered(found: Sequence[Case]) -> str:
    """Tables as Markdown, one a kind: a row for each month, then for each band of DVOL."""
    lines = []
    for kind in SpreadKind:
        of_kind = [case for case in found if case.kind is kind]
        volumes = [f"{side.value}s traded" for side in SIDES[kind]]
        head = ["", "snapshots", "DVOL", "pass", *CAUSES, "any volume", "any cost", "cost/credit", *volumes]
        lines += [kind.value, _line(head), _line(["---"] * len(head)), _row("all", of_kind)]
        lines += [
            _row(month, [case for case in of_kind if case.month == month])
            for month in sorted({case.month for case in of_kind})
        ]
        lines += [
            _row(f"DVOL {low:g} to {high:g}", [case for case in of_kind if low <= case.dvol < high])
            for low, high in pairwise(DVOL_BANDS)
        ]
        lines.append("")
    return "\n".join(lines)


def _row(name: str, found: Sequence[Case]) -> str:
    if not found:
        return _line([name, "0"])
    counts = [sum(not case.causes for case in found)]
    counts += [sum(cause in case.causes for case in found) for cause in CAUSES]
    counts += [sum(case.passes_any_volume for case in found), sum(case.passes_any_cost for case in found)]
    costs = [case.cost_of_credit for case in found if case.cost_of_credit is not None]
    return _line(
        [
            name,
            str(len(found)),
            f"{median(case.dvol for case in found):.1f}",
            *(f"{count / len(found):.1%}" for count in counts),
            f"{median(costs):.3f}" if costs else "-",
            *(f"{median(case.volumes[side] for case in found):.0f}" for side in SIDES[found[0].kind]),
        ]
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(rendered(cases(RecordedMarket(Path(sys.argv[1])), Strategy())) + "\n")
