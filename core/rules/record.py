"""A decision with every input that it read, as JSON values, and its recomputation from them alone.

The record holds the facts, of the chain only the quotes of the chosen expiry (or of the open legs) with the
counts of the rest, a digest of each fact, the code version, and the decision. With the strategy of the
engine's start it gives the same decision again, to the byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from core.errors import McpDataAnomalyError
from core.market.option_chain import OptionChain
from core.rules.entry.decision import EntryDecision, decide_entry
from core.rules.exit.decision import ExitDecision, Skipped, decide_exit
from core.rules.facts import EntryFacts, MonitorFacts
from core.strategy import Strategy
from core.values import SpreadKind

Decision = EntryDecision | ExitDecision | Skipped
Json = Mapping[str, Any]


def record(facts: EntryFacts | MonitorFacts, decision: Decision, code_version: str) -> dict[str, Any]:
    """The decision's record for the audit log: JSON values only."""
    kept = facts.model_dump(mode="json", exclude={"chain"})
    kept["chain"] = _chain_record(facts, decision)
    return {
        "decided": "entry" if isinstance(facts, EntryFacts) else "exit",
        "code_version": code_version,
        "facts": kept,
        "digests": _digests(kept),
        "decision": decision_json(decision),
    }


def decision_json(decision: Decision) -> dict[str, Any]:
    """The decision as JSON values; what is derived from the checks (passed, reasons) is left out."""
    return decision.model_dump(mode="json")


def canonical(value: object) -> str:
    """JSON with sorted keys and no white space: the bytes that two decisions must share to be the same."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def replay(recorded: Json, strategy: Strategy) -> Decision:
    """Decide again from a record. Raises `ValidationError` or `McpDataAnomalyError` on unreadable facts."""
    kept = dict(recorded["facts"])
    chain = kept.pop("chain")
    kept["chain"] = None if chain is None else OptionChain.from_record(chain, strategy.anomalies)
    if recorded["decided"] == "exit":
        return decide_exit(MonitorFacts.model_validate(kept), strategy)
    forced = recorded["decision"]["forced_kind"]
    facts = EntryFacts.model_validate(kept)
    return decide_entry(facts, strategy, forced_kind=None if forced is None else SpreadKind(forced))


def verify(recorded: Json, strategy: Strategy) -> str | None:
    """The first field in which the record differs from its digests or its recomputation; None if none.

    A path such as `facts.dvol`, `facts.chain.quotes.ETH-16JAN26-2800-P` or `decision.plan.limit_eth`. A part
    that is not of the kind that `record` writes is named before anything is recomputed.
    """
    misshapen = _misshapen(recorded)
    if misshapen is not None:
        return misshapen
    digests = _digests(recorded["facts"])
    altered = first_difference(recorded["digests"], digests)
    if altered is not None:
        return f"facts.{altered}"
    try:
        decision = replay(recorded, strategy)
    except ValidationError as error:
        return ".".join(["facts", *(str(part) for part in error.errors()[0]["loc"])])
    except McpDataAnomalyError:
        return "facts.chain"
    difference = first_difference(recorded["decision"], decision_json(decision))
    return None if difference is None else f"decision.{difference}"


def _misshapen(recorded: Json) -> str | None:
    """The first part that `replay` could not even begin with; None where all are there."""
    if recorded.get("decided") not in ("entry", "exit"):
        return "decided"
    for part in ("facts", "digests", "decision"):
        if not isinstance(recorded.get(part), Mapping):
            return part
    if not _is_chain_record(recorded["facts"].get("chain", "missing")):
        return "facts.chain"
    decision = recorded["decision"]
    kinds = (None, *SpreadKind)
    if recorded["decided"] == "entry" and decision.get("forced_kind", "missing") not in kinds:
        return "decision.forced_kind"
    return None


def _is_chain_record(chain: object) -> bool:
    """Whether it is none, or has quotes by their names; what else it must hold, its decoding says."""
    if not isinstance(chain, Mapping):
        return chain is None
    quotes = chain.get("quotes")
    return isinstance(quotes, list) and all(
        isinstance(quote, Mapping) and "instrument_name" in quote for quote in quotes
    )


def first_difference(a: object, b: object) -> str | None:
    """The path of the first value in which two JSON values differ, keys sorted; None if they are equal.

    The path is empty where the two differ as a whole.
    """
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return _first_of((str(key), _below(a, b, key)) for key in sorted(a.keys() | b.keys()))
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        pairs = enumerate(zip(a, b, strict=True))
        return _first_of((str(i), first_difference(x, y)) for i, (x, y) in pairs)
    return None if canonical(a) == canonical(b) else ""


def _below(a: Json, b: Json, key: str) -> str | None:
    if key not in a or key not in b:
        return ""
    return first_difference(a[key], b[key])


def _first_of(paths: Iterable[tuple[str, str | None]]) -> str | None:
    for head, tail in paths:
        if tail is not None:
            return f"{head}.{tail}" if tail else head
    return None


def _digests(kept: Json) -> dict[str, Any]:
    """A digest of each fact, and of each quote, so that an altered input is found by its name."""
    digests: dict[str, Any] = {field: _digest(value) for field, value in kept.items() if field != "chain"}
    chain = kept["chain"]
    if chain is None:
        return digests | {"chain": None}
    totals = {field: _digest(value) for field, value in chain.items() if field != "quotes"}
    quotes = {str(quote["instrument_name"]): _digest(quote) for quote in chain["quotes"]}
    return digests | {"chain": totals | {"quotes": quotes}}


def _digest(value: object) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _chain_record(facts: EntryFacts | MonitorFacts, decision: Decision) -> dict[str, object] | None:
    chain = facts.chain
    match facts, decision:
        case EntryFacts(), EntryDecision():
            expiry = _chosen_expiry(decision)
            wanted: dict[str, Any] = {"instrument_names": ()} if expiry is None else {"expiration": expiry}
        case MonitorFacts(), (ExitDecision() | Skipped()):
            wanted = {"instrument_names": [leg.instrument_name for leg in facts.position.legs]}
        case _:
            raise TypeError(f"a {type(decision).__name__} does not belong to {type(facts).__name__}")
    return None if chain is None else chain.to_record(**wanted)


def _chosen_expiry(decision: EntryDecision) -> datetime | None:
    """The expiry that rule 4 looked at; None where the decision never came to it."""
    for rule in decision.rules:
        expiry = rule.inputs.get("expiry")
        if rule.rule == "strikes" and isinstance(expiry, str):
            return datetime.fromisoformat(expiry)
    return None
