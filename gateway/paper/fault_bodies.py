"""Breaks an answer's body as its kind of fault says, at places drawn from the fault's own generator."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from random import Random
from typing import Final

from core.contract import iso_utc
from gateway.paper.faults import FaultKind

STALE_BY: Final = timedelta(hours=1)
WRONG_IV_PCT: Final = 7.0
BROKEN_SHARE: Final = 0.1
"""In half of the draws this share of a chain's two-sided quotes is broken, else a single one."""
_DECIMAL: Final = re.compile(r"-?\d+(\.\d+)?")
_STAMPS: Final = frozenset({"timestamp", "server_time", "updated_at"})


def broken_body(kind: FaultKind, body: bytes, rng: Random) -> bytes:
    """The body, broken by the fault; unchanged if it holds nothing that the fault could break."""
    if kind is FaultKind.TRUNCATED:
        return body[: max(1, len(body) // 2)]
    answer: object = json.loads(body)
    if not isinstance(answer, dict):
        return body
    places = _places(answer)
    if kind is FaultKind.STALE:
        for holder, key in places:
            if key in _STAMPS:
                holder[key] = _earlier(str(holder[key]))
    elif kind in (FaultKind.CROSSED, FaultKind.EMPTY_BOOK, FaultKind.IV_7):
        _break_quotes(kind, answer, rng)
    else:
        _break_one(kind, places, rng)
    return json.dumps(answer, separators=(",", ":")).encode()


def zeroed_body(body: bytes, error: str) -> bytes:
    """The answer with an `error` and every number 0, as a venue answers that refuses the credentials."""
    answer: object = json.loads(body)
    if not isinstance(answer, dict):
        return body
    for holder, key in _places(answer):
        value = holder[key]
        if _is_number(value):
            holder[key] = "0" if isinstance(value, str) else 0
    return json.dumps({**answer, "error": error}, separators=(",", ":")).encode()


def _break_one(kind: FaultKind, places: list[tuple[dict[str, object], str]], rng: Random) -> None:
    numeric = kind in (FaultKind.NAN, FaultKind.NEGATIVE)
    candidates = [(h, k) for h, k in places if not numeric or _is_number(h[k])]
    if not candidates:
        return
    holder, key = rng.choice(candidates)
    value = holder[key]
    match kind:
        case FaultKind.MISSING:
            del holder[key]
        case FaultKind.NULL:
            holder[key] = None
        case FaultKind.WRONG_TYPE:
            holder[key] = {"unexpected": True}
        case FaultKind.NAN:
            holder[key] = "NaN" if isinstance(value, str) else float("nan")
        case FaultKind.NEGATIVE:
            size = abs(float(str(value))) or 1.0
            holder[key] = f"-{size}" if isinstance(value, str) else -size
        case _:
            raise ValueError(f"kind: expected one that breaks a single value, found {kind}")


def _break_quotes(kind: FaultKind, answer: dict[str, object], rng: Random) -> None:
    quotes = answer.get("quotes")
    if not isinstance(quotes, list):
        _break_book(kind, answer)
        return
    two_sided = [q for q in quotes if isinstance(q, dict) and q.get("bid") and q.get("ask")]
    many = max(1, int(len(two_sided) * BROKEN_SHARE)) if rng.random() < 0.5 else 1
    for quote in rng.sample(two_sided, min(many, len(two_sided))):
        match kind:
            case FaultKind.CROSSED:
                quote["bid"], quote["ask"] = quote["ask"], quote["bid"]
            case FaultKind.EMPTY_BOOK:
                quote["bid"] = quote["ask"] = None
            case _:
                quote["mark_iv"] = WRONG_IV_PCT


def _break_book(kind: FaultKind, answer: dict[str, object]) -> None:
    if kind is FaultKind.EMPTY_BOOK:
        answer["bids"] = answer["asks"] = []
    elif kind is FaultKind.CROSSED:
        answer["bids"], answer["asks"] = answer.get("asks"), answer.get("bids")


def _places(value: object) -> list[tuple[dict[str, object], str]]:
    """Every (object, key) of the answer, outer before inner."""
    found: list[tuple[dict[str, object], str]] = []
    if isinstance(value, dict):
        found += [(value, key) for key in value]
        for inner in value.values():
            found += _places(inner)
    elif isinstance(value, list):
        for inner in value:
            found += _places(inner)
    return found


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return _DECIMAL.fullmatch(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _earlier(stamp: str) -> str:
    return iso_utc(datetime.fromisoformat(stamp) - STALE_BY)
