"""The recorded chains: every snapshot through the entry rules, and its decision out of its record again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import pytest

from core.rules.entry.decision import EntryOutcome, construct, decide_entry
from core.rules.entry.strikes import SIDES
from core.rules.facts import EntryFacts
from core.rules.record import canonical, decision_json, record, replay
from core.strategy import EntrySection, Strategy
from core.values import SpreadKind
from tests.recorded.gate_table import OWN_BIAS, Column, add, empty_columns, rendered
from tests.recorded.market import SAMPLE_EVERY, RecordedMarket, Snapshot
from tests.recorded.second_opinion import Opinion, opinion

pytestmark = pytest.mark.recorded
SNAPSHOTS = 481
SAMPLING_SLACK = 0.1
"""Two standard deviations of a rate among 97 snapshots."""
OPINION_EVERY = {1: 1, SAMPLE_EVERY: 4}
PARTS_EVERY = 8
"""What is slow looks at each eighth snapshot, or at each 24th."""
STRATEGY = Strategy()
ANY_MARKET = Strategy(
    entry=EntrySection(
        dvol_min_pts=10.0,
        dvol_max_pts=300.0,
        dvol_day_change_max_frac=2.0,
        vrp_min_pts=-100.0,
        macro_before_h=0.0,
        macro_blackout_h=0.0,
    )
)


@dataclass
class Findings:
    """What one pass over the snapshots finds."""

    columns: dict[str, Column]
    snapshots: int = 0
    broken: int = 0
    replayed: int = 0
    opinions: list[tuple[str, Opinion, Opinion]] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def findings(recorded_data: Path, every: int) -> Findings:
    market = RecordedMarket(recorded_data)
    found = Findings(empty_columns())
    for i, snapshot in enumerate(market.snapshots(every)):
        found.snapshots += 1
        facts = market.entry_facts(snapshot, STRATEGY)
        assert facts.market.chain is not None
        add(found.columns, facts, STRATEGY)
        if i % OPINION_EVERY[every] == 0:
            found.opinions += _opinions(snapshot, facts)
        if i % PARTS_EVERY == 0:
            found.broken += snapshot.chain(STRATEGY, days_max=1000.0).broken_total
        if i % (3 * PARTS_EVERY) == 0:
            _replay(facts, found)
    return found


@pytest.fixture(scope="module")
def columns(findings: Findings) -> dict[str, Column]:
    return findings.columns


def _opinions(snapshot: Snapshot, facts: EntryFacts) -> list[tuple[str, Opinion, Opinion]]:
    """What `core` says of each kind, and what rules 4 to 6 written a second time say."""
    assert facts.market.chain is not None
    assert facts.account.equity_usd is not None
    assert facts.market.dvol is not None
    pairs = []
    for kind in SpreadKind:
        outcome, _, rules = construct(facts, facts.market.chain, STRATEGY, kind)
        found = rules[0].inputs
        legs = tuple(
            str(found[f"{leg}_{side.value}"])
            for leg in ("short", "long")
            for side in SIDES[kind]
            if outcome is not EntryOutcome.NO_STRIKES
        )
        sizes = [rule.inputs["contracts"] for rule in rules if rule.rule == "sizing"]
        ours = Opinion(outcome.value, legs, int(str(sizes[0])) if sizes else 0)
        pairs.append(
            (
                f"{facts.now.isoformat()} {kind}",
                ours,
                opinion(snapshot, kind, facts.account.equity_usd, facts.market.dvol),
            )
        )
    return pairs


def _replay(facts: EntryFacts, found: Findings) -> None:
    for strategy, forced in ((STRATEGY, None), *((ANY_MARKET, kind) for kind in SpreadKind)):
        text = record(facts, decide_entry(facts, strategy, forced_kind=forced), "test", lambda _: None)
        recorded = json.loads(text)
        again = canonical(decision_json(replay(recorded, strategy)))
        found.replayed += 1
        if again != canonical(recorded["decision"]):
            found.differing.append(f"{facts.now.isoformat()} {forced}")


def test_no_recorded_quote_is_broken(findings: Findings) -> None:
    assert findings.broken == 0


def test_recorded_decisions_are_recomputed_to_the_byte(findings: Findings) -> None:
    assert findings.replayed >= findings.snapshots // (3 * PARTS_EVERY) * 4
    assert findings.differing == []


def test_the_rules_written_a_second_time_say_the_same(findings: Findings) -> None:
    """Outcome, legs and size of each forced kind; so no pass rate is a slip of the code."""
    assert len(findings.opinions) >= 60
    assert [found for found in findings.opinions if found[1] != found[2]] == []


def test_every_snapshot_goes_through_every_rule(columns: dict[str, Column], every: int) -> None:
    read = -(-SNAPSHOTS // every)
    assert {name: column.total for name, column in columns.items()} == dict.fromkeys(columns, read)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        (SpreadKind.BULL_PUT, 0.66, 0.74),
        (SpreadKind.BEAR_CALL, 0.48, 0.56),
        (SpreadKind.IRON_CONDOR, 0.61, 0.69),
    ],
)
def test_forced_pass_rates(
    columns: dict[str, Column], every: int, kind: SpreadKind, low: float, high: float
) -> None:
    """Where they stand against another implementation on a longer record is told in `docs/strategy.md`."""
    slack = 0.0 if every == 1 else SAMPLING_SLACK
    assert low - slack <= columns[kind.value].pass_rate <= high + slack


def test_credits_lie_where_they_were_measured(columns: dict[str, Column]) -> None:
    """Natural credit over width of put spreads near |Δ| 0.20 and 8 %: about 0.46 of 0.20, and some more."""
    put = columns[SpreadKind.BULL_PUT.value]
    assert 0.07 <= median(put.credit_of_width) <= 0.12
    assert 0.2 <= median(put.cost_of_credit) <= 0.37


def test_the_own_bias_trades_less_than_any_forced_kind_could(columns: dict[str, Column]) -> None:
    own = columns[OWN_BIAS]
    assert own.outcomes[EntryOutcome.MARKET.value] > 0
    assert 0.30 <= own.pass_rate <= 0.55


@pytest.mark.soak
@pytest.mark.parametrize("every", [1], ids=["whole"], scope="module")
def test_the_table_in_the_docs_is_the_one_that_the_command_makes(
    columns: dict[str, Column], repository: Path
) -> None:
    assert rendered(columns) in (repository / "docs" / "strategy.md").read_text(encoding="utf-8")
