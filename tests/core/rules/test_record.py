"""A decision is recomputed from its record to the byte, and an altered input is found by name."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from core.errors import FoundWrongError
from core.market.observations import MacroEvent
from core.rules.entry.decision import EntryDecision, EntryOutcome, decide_entry
from core.rules.exit.decision import ExitDecision, Skipped, decide_exit
from core.rules.facts import EntryFacts, MonitorFacts
from core.rules.record import canonical, decision_json, record, replay, verify
from core.values import OptionType, SpreadKind
from tests.core.example_market import (
    EXPIRY,
    FAR_EXPIRY,
    NEAR_EXPIRY,
    NOW,
    STRATEGY,
    altered,
    chain_of,
    entry_facts,
    name_of,
    wire_quotes,
)
from tests.core.rules.exit_facts import facts as monitor_facts
from tests.core.rules.exit_facts import position

RECORDS = Path(__file__).parent / "records"
PARTS = ("engine", "account", "market")
ADDED = ("trading", "account", "uses_most_margin")
"""Facts that a record of shape 1 does not have: they read as None, and nothing is checked against them."""
RULES_ADDED = ("protections", "margin")


def through_the_log(recorded: str) -> dict[str, Any]:
    """As the audit log gives it back, parsed."""
    parsed: dict[str, Any] = json.loads(recorded)
    return parsed


def entry_record(facts: EntryFacts | None = None, forced: SpreadKind | None = None) -> dict[str, Any]:
    facts = facts or entry_facts(
        chain=chain_of(altered(wire_quotes(), {name_of(OptionType.CALL, 2200): {"mark_iv": float("nan")}})),
        macro_events=(_event(100.0),),
    )
    return through_the_log(
        record(facts, decide_entry(facts, STRATEGY, forced_kind=forced), "1.0", lambda _: None)
    )


def _event(hours: float) -> MacroEvent:
    return MacroEvent.model_validate(
        {"name": "CPI", "country": "US", "importance": "high", "scheduled_at": NOW + timedelta(hours=hours)}
    )


def exit_record(facts: MonitorFacts | None = None) -> dict[str, Any]:
    facts = facts or monitor_facts()
    return through_the_log(record(facts, decide_exit(facts, STRATEGY), "1.0", lambda _: None))


@pytest.mark.parametrize("forced", [None, *SpreadKind])
def test_an_entry_is_recomputed_to_the_byte(forced: SpreadKind | None) -> None:
    recorded = entry_record(forced=forced)
    again = replay(recorded, STRATEGY)
    assert isinstance(again, EntryDecision)
    assert canonical(decision_json(again)) == canonical(recorded["decision"])
    assert verify(recorded, STRATEGY) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"armed": True, "chain": None},
        {"chain": None},
        {"eth_share": 0.9},
        {"macro_events": (_event(10.0),)},
        {"chain": chain_of(wire_quotes([2700]))},
        {"chain": chain_of(wire_quotes(expirations=[NOW + timedelta(days=3)]))},
    ],
)
def test_refusals_are_recomputed_too(changes: dict[str, Any]) -> None:
    recorded = entry_record(entry_facts(**changes))
    assert recorded["decision"]["outcome"] != EntryOutcome.PROPOSE.value
    assert verify(recorded, STRATEGY) is None


def test_only_the_quotes_of_the_chosen_expiry_are_recorded() -> None:
    chain = entry_record()["facts"]["market"]["chain"]
    assert {quote["expiration"] for quote in chain["quotes"]} == {EXPIRY.isoformat()}
    assert chain["quotes_total"] == len(wire_quotes())
    assert entry_record(entry_facts(eth_share=0.9))["facts"]["market"]["chain"]["quotes"] == []


def test_an_exit_and_a_skip_are_recomputed_to_the_byte() -> None:
    held = exit_record()
    assert isinstance(replay(held, STRATEGY), ExitDecision)
    assert verify(held, STRATEGY) is None
    assert len(held["facts"]["market"]["chain"]["quotes"]) == 2
    skipped = exit_record(monitor_facts(dvol=None, chain=None))
    assert isinstance(replay(skipped, STRATEGY), Skipped)
    assert verify(skipped, STRATEGY) is None
    stopped = exit_record(monitor_facts(position=position(credit_eth=Decimal("0.0030"))))
    assert stopped["decision"]["code"] == "stop"
    assert verify(stopped, STRATEGY) is None


def test_facts_and_decision_must_belong_together() -> None:
    with pytest.raises(TypeError, match="a Skipped does not belong to EntryFacts"):
        record(entry_facts(), decide_exit(monitor_facts(dvol=None), STRATEGY), "1.0", lambda _: None)


NAMES = ("now", *(f"{part}.{name}" for part in PARTS for name in entry_record()["facts"][part]))


def part_and_name(recorded: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """The mapping that holds `part.name` or `name` in the facts or digests, and the last name."""
    part, _, name = path.rpartition(".")
    return (recorded[part] if part else recorded), name


@pytest.mark.parametrize("path", sorted(set(NAMES) - {"market.chain"}))
def test_an_altered_fact_is_found_by_its_name(path: str) -> None:
    recorded = entry_record()
    part, name = part_and_name(recorded["facts"], path)
    part[name] = "altered"
    assert verify(recorded, STRATEGY) == f"facts.{path}"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_none_is_named(part: str) -> None:
    recorded = entry_record()
    recorded["facts"][part] = "altered"
    assert verify(recorded, STRATEGY) == f"facts.{part}"


def test_canonical_json_is_sorted_and_without_white_space() -> None:
    assert canonical({"b": [1, None], "a": "é"}) == '{"a":"é","b":[1,null]}'


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_json_cannot_say_is_never_written(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": [number]})


def test_a_record_says_what_was_decided_and_by_which_code() -> None:
    for recorded, decided in ((entry_record(), "entry"), (exit_record(), "exit")):
        assert set(recorded) == {"shape", "decided", "code_version", "facts", "digests", "decision"}
        assert (recorded["shape"], recorded["decided"], recorded["code_version"]) == (2, decided, "1.0")


def test_a_record_is_canonical_json_of_all_that_was_read_and_decided() -> None:
    entered, held = entry_facts(), monitor_facts()
    for facts, decision in ((entered, decide_entry(entered, STRATEGY)), (held, decide_exit(held, STRATEGY))):
        text = record(facts, decision, "1.0", lambda _: None)
        recorded = through_the_log(text)
        assert text == canonical(recorded)
        del recorded["facts"]["market"]["chain"]
        assert recorded["facts"] == facts.model_dump(mode="json", exclude={"market": {"chain"}})
        assert recorded["decision"] == decision_json(decision)


def test_each_fact_has_a_digest_of_its_own_value() -> None:
    recorded = entry_record()
    for path in set(NAMES) - {"market.chain"}:
        facts, name = part_and_name(recorded["facts"], path)
        digests, _ = part_and_name(recorded["digests"], path)
        assert digests[name] == sha256(canonical(facts[name]).encode()).hexdigest()
    assert set(recorded["digests"]) == set(recorded["facts"])
    assert all(set(recorded["digests"][part]) == set(recorded["facts"][part]) for part in PARTS)
    assert entry_record(entry_facts(chain=None))["digests"]["market"]["chain"] is None


def test_an_altered_quote_and_an_altered_count_are_found() -> None:
    recorded = entry_record()
    quote = recorded["facts"]["market"]["chain"]["quotes"][3]
    quote["gamma"] = 0.5
    assert verify(recorded, STRATEGY) == f"facts.market.chain.quotes.{quote['instrument_name']}"
    recorded = entry_record()
    recorded["facts"]["market"]["chain"]["broken_total"] += 1
    assert verify(recorded, STRATEGY) == "facts.market.chain.broken_total"
    recorded = entry_record()
    del recorded["facts"]["market"]["chain"]["quotes"][0]
    assert str(verify(recorded, STRATEGY)).startswith("facts.market.chain.quotes.ETH-23JAN26")


def resealed(recorded: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A record in which one fact was altered together with its digest."""
    for part in (recorded["facts"], recorded["digests"]):
        fields, name = part_and_name(part, path)
        fields[name] = value if part is recorded["facts"] else _digest_of(canonical(value))
    return recorded


def test_an_altered_input_under_a_new_digest_is_found_in_the_decision() -> None:
    assert verify(resealed(entry_record(), "market.dvol", 66.0), STRATEGY) == "decision.plan.entry_dvol"
    assert verify(resealed(entry_record(), "engine.armed", True), STRATEGY) == "decision.kind"


def test_an_altered_decision_is_found() -> None:
    recorded = entry_record()
    recorded["decision"]["plan"]["limit_eth"] = "0.9999"
    assert verify(recorded, STRATEGY) == "decision.plan.limit_eth"


def test_another_strategy_gives_another_decision() -> None:
    other = STRATEGY.model_copy(update={"combo": STRATEGY.combo.model_copy(update={"price_aggression": 1.0})})
    assert verify(entry_record(), other) == "decision.plan.limit_eth"


def test_facts_that_can_not_be_read_are_named_even_under_a_right_digest() -> None:
    recorded = entry_record()
    recorded["facts"]["market"]["dvol"] = -1.0
    recorded["digests"]["market"]["dvol"] = _digest_of("-1.0")
    assert verify(recorded, STRATEGY) == "facts.market.dvol"
    recorded = entry_record()
    recorded["facts"]["market"]["chain"]["quotes"][0]["bid"] = "high"
    name = recorded["facts"]["market"]["chain"]["quotes"][0]["instrument_name"]
    recorded["digests"]["market"]["chain"]["quotes"][name] = _digest_of(
        canonical(recorded["facts"]["market"]["chain"]["quotes"][0])
    )
    assert verify(recorded, STRATEGY) == "facts.market.chain"


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("decided",), "nothing", "decided"),
        (("decided",), None, "decided"),
        (("facts",), None, "facts"),
        (("digests",), [], "digests"),
        (("decision",), "propose", "decision"),
        (("decision", "forced_kind"), "butterfly", "decision.forced_kind"),
        (("decision", "forced_kind"), [], "decision.forced_kind"),
        (("facts", "market", "chain"), 5, "facts.market.chain"),
        (("facts", "market", "chain", "quotes"), None, "facts.market.chain"),
        (("facts", "market", "chain", "quotes"), [1], "facts.market.chain"),
        (("facts", "market", "chain", "quotes"), [{"bid": "0.01"}], "facts.market.chain"),
    ],
)
def test_a_part_of_another_shape_is_named_instead_of_raising(
    path: tuple[str, ...], value: object, named: str
) -> None:
    recorded = entry_record()
    part = recorded
    for field in path[:-1]:
        part = part[field]
    part[path[-1]] = value
    assert verify(recorded, STRATEGY) == named


@pytest.mark.parametrize("part", ["decided", "facts", "digests", "decision"])
def test_a_part_that_is_missing_is_named(part: str) -> None:
    recorded = entry_record()
    del recorded[part]
    assert verify(recorded, STRATEGY) == part


def test_a_missing_chain_and_an_exit_called_an_entry_are_named() -> None:
    recorded = entry_record()
    del recorded["facts"]["market"]["chain"]
    assert verify(recorded, STRATEGY) == "facts.market.chain"
    assert verify(exit_record() | {"decided": "entry"}, STRATEGY) == "decision.forced_kind"


def _digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_decision_that_found_no_expiry_keeps_no_quote_and_is_the_same_again() -> None:
    chain = chain_of(wire_quotes(expirations=(NEAR_EXPIRY, FAR_EXPIRY)))
    recorded = entry_record(entry_facts(chain=chain), SpreadKind.BULL_PUT)
    kept = recorded["facts"]["market"]["chain"]
    assert (kept["quotes"], kept["quotes_total"]) == ([], len(chain))
    assert recorded["decision"]["outcome"] == EntryOutcome.NO_STRIKES.value
    assert verify(recorded, STRATEGY) is None


def flat(recorded: dict[str, Any]) -> dict[str, Any]:
    """The same decision as it was written before facts had parts: shape 1, without a `shape`."""
    old = dict(recorded)
    del old["shape"]
    for what in ("facts", "digests"):
        parts = dict(recorded[what])
        fields = [parts.pop(part) for part in PARTS if part in parts]
        every = parts | {name: value for part in fields for name, value in part.items()}
        old[what] = {name: value for name, value in every.items() if name not in ADDED}
    rules = [rule for rule in recorded["decision"]["rules"] if rule["rule"] not in RULES_ADDED]
    old["decision"] = recorded["decision"] | {"rules": rules}
    return old


@pytest.mark.parametrize("name", ["entry", "exit"])
def test_a_record_that_shape_1_wrote_is_recomputed_to_the_byte(name: str) -> None:
    """Both records are from a log of that time."""
    written = json.loads((RECORDS / f"{name}_shape_1.json").read_text("utf-8"))
    assert "shape" not in written
    assert canonical(decision_json(replay(written, STRATEGY))) == canonical(written["decision"])
    assert verify(written, STRATEGY) is None


def test_flat_facts_are_those_that_shape_1_wrote() -> None:
    written = json.loads((RECORDS / "exit_shape_1.json").read_text("utf-8"))
    assert flat(exit_record(monitor_facts(account=None, uses_most_margin=None))) == written


@pytest.mark.parametrize("forced", [None, *SpreadKind])
def test_a_flat_record_is_recomputed_and_its_facts_are_named_as_it_names_them(
    forced: SpreadKind | None,
) -> None:
    assert verify(flat(entry_record(forced=forced)), STRATEGY) is None
    altered_now = flat(entry_record(forced=forced))
    altered_now["facts"]["dvol"] = 99.0
    assert verify(altered_now, STRATEGY) == "facts.dvol"
    assert verify(resealed(altered_now, "dvol", -1.0), STRATEGY) == "facts.dvol"
    armed = verify(resealed(flat(entry_record(forced=forced)), "armed", True), STRATEGY)
    assert armed == ("decision.kind" if forced is None else "decision.outcome")
    more = resealed(flat(entry_record(forced=forced)), "lunar_phase", "full")
    assert verify(more, STRATEGY) == "facts.lunar_phase"
    assert verify(resealed(flat(exit_record()), "dvol", -1.0), STRATEGY) == "facts.dvol"


def test_a_chain_of_a_flat_record_is_named_as_it_names_it() -> None:
    recorded = flat(entry_record())
    recorded["facts"]["chain"]["broken_total"] += 1
    assert verify(recorded, STRATEGY) == "facts.chain.broken_total"
    del recorded["facts"]["chain"]
    assert verify(recorded, STRATEGY) == "facts.chain"
    recorded = flat(entry_record())
    recorded["facts"]["chain"]["quotes"][0]["bid"] = "high"
    quote = recorded["facts"]["chain"]["quotes"][0]
    name = quote["instrument_name"]
    recorded["digests"]["chain"]["quotes"][name] = _digest_of(canonical(quote))
    assert verify(recorded, STRATEGY) == "facts.chain"


@pytest.mark.parametrize("shape", [0, 3, "2", None, []])
def test_a_shape_that_is_unknown_is_refused_by_its_name(shape: object) -> None:
    recorded = entry_record() | {"shape": shape}
    for read in (verify, replay):
        with pytest.raises(FoundWrongError, match="expected shape 1 or 2, found"):
            read(recorded, STRATEGY)


def test_a_fact_that_may_be_unknown_reads_as_unknown_in_a_record_from_before_it_was_there() -> None:
    """Only its digest tells a record that never had it from one that lost it."""
    older = exit_record()
    for what in ("facts", "digests"):
        del older[what]["market"]["spot_4h_ago_usd"]
    again = replay(older, STRATEGY)
    assert isinstance(again, Skipped)
    assert again.reasons == ("spot_4h_ago_missing",)
    lost = exit_record()
    del lost["facts"]["market"]["spot_4h_ago_usd"]
    assert verify(lost, STRATEGY) == "facts.market.spot_4h_ago_usd"


def test_a_fact_that_must_be_known_and_is_not_there_is_named() -> None:
    lost = entry_record()
    for what in ("facts", "digests"):
        del lost[what]["market"]["dvol"]
    assert verify(lost, STRATEGY) == "facts.market.dvol"
