"""How near the record comes to the bounds of rule `agreement`: `python -m tests.recorded.agreement $DATA`.

Of every snapshot: |F/S − 1| over what it may be, and at-the-money IV over DVOL, of the expiry that an entry
would choose. Prints the extremes of all of them and of the Mondays at 12:00 to 18:00.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from core.rules.entry.agreement import check_agreement
from core.strategy import Strategy
from tests.recorded.market import RecordedMarket

MONDAY = 0
ENTRY_HOURS = range(12, 19)
"""The record has a snapshot every six hours or so: these are the ones around an entry."""


class Agreement(NamedTuple):
    """One snapshot. `basis_used` is 1 at the bound."""

    at: str
    is_entry_time: bool
    basis_frac: float
    basis_used: float
    iv_over_dvol: float
    passed: bool


def agreements(market: RecordedMarket, strategy: Strategy, every: int = 1) -> Iterator[Agreement]:
    """Each `every`-th snapshot whose chain has an expiry to choose."""
    for snapshot in market.snapshots(every):
        result = check_agreement(market.entry_facts(snapshot, strategy), strategy)
        if result is None:
            continue
        basis, below, _ = result.checks
        value, bound, ratio = (float(each or 0.0) for each in (basis.value, basis.threshold, below.value))
        yield Agreement(
            at=snapshot.at.isoformat(),
            is_entry_time=snapshot.at.weekday() == MONDAY and snapshot.at.hour in ENTRY_HOURS,
            basis_frac=value,
            basis_used=value / bound,
            iv_over_dvol=ratio,
            passed=result.passed,
        )


def rendered(name: str, found: Iterable[Agreement]) -> str:
    """The extremes of some snapshots, as one line."""
    rows = list(found)
    widest = max(rows, key=lambda row: row.basis_used)
    low, high = min(row.iv_over_dvol for row in rows), max(row.iv_over_dvol for row in rows)
    return (
        f"{name}: {len(rows)} snapshots, {sum(not row.passed for row in rows)} refused; basis at most "
        f"{widest.basis_frac:.4%}, {widest.basis_used:.0%} of its bound ({widest.at}); "
        f"IV over DVOL {low:.3f} to {high:.3f}"
    )


def main(folder: Path) -> None:
    rows = list(agreements(RecordedMarket(folder), Strategy()))
    sys.stdout.write(rendered("all", rows) + "\n")
    sys.stdout.write(rendered("Mondays", (row for row in rows if row.is_entry_time)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
