"""Records a decision with every input that it read, as JSON values, and recomputes it from them alone.

The record holds the facts, a digest of each, the code version, and the decision. Of the chain it holds the
quotes of the chosen expiry (or of the open legs) and counts of the rest. With the strategy that the engine
started with, it gives the same decision again, to the byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from pydantic import ValidationError

from core.errors import FoundWrongError, McpDataAnomalyError
from core.json_text import writer
from core.made_once import MadeOnce
from core.market.observations import HourlyClose, closes_json
from core.market.option_chain import OptionChain
from core.rules.entry.decision import EntryDecision, decide_entry
from core.rules.exit.decision import ExitDecision, Skipped, decide_exit
from core.rules.facts import AccountFacts, EngineFacts, EntryFacts, MarketFacts, MonitorFacts, MonitorMarket
from core.strategy import Strategy
from core.values import SpreadKind, Value
from core.venue_text import OPEN, without_texts

AnyDecision = EntryDecision | ExitDecision | Skipped
Json = Mapping[str, Any]

SHAPE = 2
"""The shape that is written: facts in parts. Shape 1 had one flat list, and its records name no shape."""
_FLAT = 1
_write = writer(ascii_only=False)
_quoted = json.encoder.encode_basestring
"""A text as `canonical` writes it."""
_PARTS: dict[str, dict[str, type[Value]]] = {
    "entry": {"engine": EngineFacts, "account": AccountFacts, "market": MarketFacts},
    "exit": {"market": MonitorMarket},
}
_WHOLE: dict[str, type[Value]] = {"entry": EntryFacts, "exit": MonitorFacts}


def record(
    facts: EntryFacts | MonitorFacts,
    decision: AnyDecision,
    code_version: str,
    take_text: Callable[[str], None],
) -> str:
    """The decision's record for the audit log, as canonical JSON.

    It holds the texts of others by their digests; `take_text` gets each of them, to be kept elsewhere.
    """

    def written(value: object) -> str:
        if isinstance(value, _Written):
            return value.text
        text = canonical(value)
        # Hardly any record quotes somebody, and its text is looked through faster than its values.
        if OPEN not in text:
            return text
        return canonical(without_texts(value, lambda _, found: take_text(found)))

    kept = facts.model_dump(mode="json", exclude={"market": {"chain", "index_hourly_closes"}})
    kept["market"]["chain"] = _chain_record(facts, decision)
    if isinstance(facts, EntryFacts):
        kept["market"]["index_hourly_closes"] = _written_closes(facts.market.index_hourly_closes)
    # Each fact is written once: its text is what its digest is of, and a part of the whole.
    facts_text, digests = _written_facts(kept, written)
    return _object(
        {
            "shape": canonical(SHAPE),
            "decided": canonical("entry" if isinstance(facts, EntryFacts) else "exit"),
            "code_version": canonical(code_version),
            "facts": facts_text,
            "digests": canonical(digests),
            "decision": written(decision_json(decision)),
        }
    )


def decision_json(decision: AnyDecision) -> dict[str, Any]:
    """The decision as JSON values, without the properties of a rule's result that follow from its checks."""
    return decision.model_dump(mode="json")


def canonical(value: object) -> str:
    """JSON with sorted keys and no white space: two decisions are the same if these texts are equal."""
    return _write(value)


def replay(recorded: Json, strategy: Strategy) -> AnyDecision:
    """Decide again from a record of any shape.

    Raises `ValidationError` or `McpDataAnomalyError` on unreadable facts, `FoundWrongError` on other shapes.
    """
    kept = _in_parts(recorded)
    chain = kept["market"]["chain"]
    chain = None if chain is None else OptionChain.from_record(chain, strategy.anomalies)
    kept["market"] = {**kept["market"], "chain": chain}
    if recorded["decided"] == "exit":
        return decide_exit(MonitorFacts.model_validate(kept), strategy)
    forced = recorded["decision"]["forced_kind"]
    facts = EntryFacts.model_validate(kept)
    return decide_entry(facts, strategy, forced_kind=None if forced is None else SpreadKind(forced))


def verify(recorded: Json, strategy: Strategy) -> str | None:
    """The first field in which the record differs from its digests or its recomputation; None if none.

    It is a path such as `facts.market.dvol`, `facts.market.chain.quotes.ETH-16JAN26-2800-P` or
    `decision.plan.limit_eth`; in a flat record `facts.dvol`. A part that is missing or of another type than
    `record` writes is named before anything is recomputed. Raises `FoundWrongError` on an unknown shape.
    """
    misshapen = _misshapen(recorded)
    if misshapen is not None:
        return misshapen
    _, digests = _written_facts(recorded["facts"], canonical)
    altered = first_difference(recorded["digests"], digests)
    if altered is not None:
        return f"facts.{altered}"
    try:
        decision = replay(recorded, strategy)
    except ValidationError as error:
        path = [str(part) for part in error.errors()[0]["loc"]]
        if shape_of(recorded) == _FLAT and path[0] in _PARTS[recorded["decided"]]:
            del path[0]
        return ".".join(["facts", *path])
    except McpDataAnomalyError:
        return _path_of_chain(recorded)
    difference = first_difference(recorded["decision"], decision_json(decision))
    return None if difference is None else f"decision.{difference}"


def shape_of(recorded: Json) -> int:
    """The shape that a record was written in. Raises `FoundWrongError` on an unknown one."""
    shape = recorded.get("shape", _FLAT)
    if shape in (_FLAT, SHAPE):
        return int(shape)
    raise FoundWrongError(f"decision record: expected shape {_FLAT} or {SHAPE}, found {shape!r}")


def _in_parts(recorded: Json) -> dict[str, Any]:
    """The facts in today's parts; a field that belongs to none stays at the top and is refused there."""
    facts = dict(recorded["facts"])
    models = _PARTS[recorded["decided"]]
    if shape_of(recorded) == _FLAT:
        facts |= {
            part: {field: facts.pop(field) for field in model.model_fields if field in facts}
            for part, model in models.items()
        }
    parts = {part: _added(model) | dict(facts[part]) for part, model in models.items() if part in facts}
    return _added(_WHOLE[recorded["decided"]]) | facts | parts


def _added(model: type[Value]) -> dict[str, None]:
    """The facts that may be unknown, as None: so they read in a record from before they were there."""
    return {
        name: None
        for name, field in model.model_fields.items()
        if type(None) in get_args(field.annotation) and name != "chain"
    }


def _path_of_chain(recorded: Json) -> str:
    return "facts.chain" if shape_of(recorded) == _FLAT else "facts.market.chain"


def _misshapen(recorded: Json) -> str | None:
    """The first part that is missing or malformed, so that `replay` can't start; None if there is none."""
    if recorded.get("decided") not in ("entry", "exit"):
        return "decided"
    for part in ("facts", "digests", "decision"):
        if not isinstance(recorded.get(part), Mapping):
            return part
    market = recorded["facts"] if shape_of(recorded) == _FLAT else recorded["facts"].get("market")
    if not isinstance(market, Mapping):
        return "facts.market"
    if not _is_chain_record(market.get("chain", "missing")):
        return _path_of_chain(recorded)
    decision = recorded["decision"]
    kinds = (None, *SpreadKind)
    if recorded["decided"] == "entry" and decision.get("forced_kind", "missing") not in kinds:
        return "decision.forced_kind"
    return None


def _is_chain_record(chain: object) -> bool:
    """Whether it is None or has a list of named quotes; the rest is checked when it is decoded."""
    if not isinstance(chain, Mapping):
        return chain is None
    quotes = chain.get("quotes")
    return isinstance(quotes, list) and all(
        isinstance(quote, Mapping) and "instrument_name" in quote for quote in quotes
    )


def first_difference(a: object, b: object) -> str | None:
    """The path of the first value in which two JSON values differ, keys sorted; None if they are equal.

    The path is empty if the two differ as a whole.
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


def _written_facts(facts: Json, written: Callable[[object], str]) -> tuple[str, dict[str, Any]]:
    """The facts as canonical JSON, and a digest of each, so that an altered input is found by its name.

    `written` makes the text of one fact; the chain has no texts of others.
    """
    texts: dict[str, str] = {}
    digests: dict[str, Any] = {}
    for field, value in facts.items():
        if field in _PARTS["entry"] and isinstance(value, Mapping):
            texts[field], digests[field] = _written_facts(value, written)
        elif field == "chain" and value is not None:
            texts[field], digests[field] = _written_chain(value)
        else:
            texts[field] = text = written(value)
            digests[field] = None if field == "chain" else _digest(text)
    return _object(texts), digests


def _written_chain(chain: Json) -> tuple[str, dict[str, Any]]:
    """The chain as canonical JSON, and a digest of each quote and total."""
    totals = {name: canonical(total) for name, total in chain.items() if name != "quotes"}
    quotes = [(str(quote["instrument_name"]), canonical(quote)) for quote in chain["quotes"]]
    listed = ",".join(text for _, text in quotes)
    digests: dict[str, Any] = {name: _digest(text) for name, text in totals.items()}
    digests["quotes"] = {name: _digest(text) for name, text in quotes}
    return _object(totals | {"quotes": f"[{listed}]"}), digests


@dataclass(frozen=True)
class _Written:
    """A fact that is canonical JSON already. It quotes nobody."""

    text: str


def _each_written(closes: Iterable[HourlyClose]) -> list[str]:
    return [canonical(close) for close in closes_json(closes)]


_closes = MadeOnce(_each_written)
"""They are most of an entry's facts, and all but those of the last week are of the same month."""


def _written_closes(closes: Iterable[HourlyClose]) -> _Written:
    return _Written(f"[{','.join(_closes(closes))}]")


def _object(texts: Mapping[str, str]) -> str:
    """The canonical JSON of an object, from that of its values."""
    return "{" + ",".join(f"{_quoted(key)}:{texts[key]}" for key in sorted(texts)) + "}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _chain_record(facts: EntryFacts | MonitorFacts, decision: AnyDecision) -> dict[str, object] | None:
    chain = facts.market.chain
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
    """The expiry that rule 4 chose; None if it chose none or was not reached."""
    for rule in decision.rules:
        expiry = rule.inputs.get("expiry")
        if rule.rule == "strikes" and isinstance(expiry, str):
            return datetime.fromisoformat(expiry)
    return None
