"""Other readings of the worth and size rules: `python -m tests.recorded.rule_variants $DATA`.

For each kind, forced, the share of snapshots that would pass if rule 5 or the account were read otherwise. It
answers whether a pass rate that somebody else measured could come from another reading.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from core.rules.entry.decision import EntryOutcome, construct
from core.rules.entry.strikes import Pair, choose_strikes
from core.rules.entry.worth import check_worth, credit_of
from core.strategy import Strategy, WorthSection
from core.values import SpreadKind
from tests.recorded.market import RecordedMarket

FLAT_FEE_ETH = 0.0003
SMALL_EQUITY_USD = 20_000.0
AS_WRITTEN = "as written"
SMALL_EQUITY = f"equity of {SMALL_EQUITY_USD:.0f} USD"


def worth_readings(pairs: Sequence[Pair], spot_usd: float, worth: WorthSection) -> dict[str, bool]:
    """Whether the pairs are worth it, reading by reading."""
    floor, cost = _refused(pairs, spot_usd, worth)
    sides = [_refused([pair], spot_usd, worth) for pair in pairs]
    credit = credit_of(pairs)
    fees = 2.0 * credit.fees_one_way_eth
    spreads = 2.0 * credit.half_spreads_eth
    flat = 2.0 * FLAT_FEE_ETH * 2 * len(pairs)
    natural, mid = float(credit.natural_eth), float(credit.mid_eth)
    return {
        AS_WRITTEN: not (floor or cost),
        "floor of each side": not (any(side[0] for side in sides) or cost),
        "cost of each side": not (floor or any(side[1] for side in sides)),
        "fees without a cap": not floor and spreads + flat <= worth.cost_max_of_credit * mid,
        "cost over natural credit": not floor and spreads + fees <= worth.cost_max_of_credit * natural,
    }


def _refused(pairs: Sequence[Pair], spot_usd: float, worth: WorthSection) -> tuple[bool, bool]:
    reasons = check_worth(pairs, spot_usd, worth)[1].reasons
    return "credit_below_floor" in reasons, "cost_above_max" in reasons


def run(market: RecordedMarket, strategy: Strategy) -> tuple[int, dict[SpreadKind, Counter[str]]]:
    """How many snapshots there are, and how many of them pass, by kind and reading."""
    total, passed = 0, {kind: Counter[str]() for kind in SpreadKind}
    for snapshot in market.snapshots():
        total += 1
        facts = market.entry_facts(snapshot, strategy)
        small = facts.model_copy(
            update={"account": facts.account.model_copy(update={"equity_usd": SMALL_EQUITY_USD})}
        )
        assert facts.market.chain is not None
        for kind, count in passed.items():
            pairs, _ = choose_strikes(
                facts.market.chain, kind, snapshot.spot_usd, facts.now, strategy.strikes, strategy.liquidity
            )
            if pairs:
                readings = worth_readings(pairs, snapshot.spot_usd, strategy.worth)
                count.update(name for name, passes in readings.items() if passes)
                outcome, _, _ = construct(small, facts.market.chain, strategy, kind)
                count[SMALL_EQUITY] += outcome is EntryOutcome.PROPOSE
    return total, passed


def rendered(total: int, passed: dict[SpreadKind, Counter[str]]) -> str:
    names = list(passed[SpreadKind.IRON_CONDOR])
    lines = [" | ".join(["reading", *(kind.value for kind in passed)])]
    lines += [
        " | ".join([name, *(f"{count[name] / total:.1%}" for count in passed.values())])
        for name in sorted(names, key=lambda name: (name != AS_WRITTEN, name))
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(rendered(*run(RecordedMarket(Path(sys.argv[1])), Strategy())) + "\n")
