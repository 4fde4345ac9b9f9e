"""What entry decisions saw over time, and the checks of one cycle's decisions, as they were recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import JsonValue, TypeAdapter, ValidationError

from actors.state.stored import books_read
from actors.state.tables.looks import DecisionLook, EntryLook
from core.checks import RuleResult
from reading.brief import brief

LOOKS_AT_ONCE: Final = 100
_RULES = TypeAdapter(tuple[RuleResult, ...])


@dataclass(frozen=True, slots=True)
class EntrySeen:
    """One entry decision: the account as it saw it, and realised volatility and premium in points.

    What its record lacks is None; `eth_share` is a fraction of all holdings.
    """

    cycle_id: str
    at: datetime
    equity_usd: float | None
    eur_usd: float | None
    eth_share: float | None
    venue_equity_eth: float | None
    rv14_pts: float | None
    premium_pts: float | None
    gates: tuple[float, float, float] | None
    """DVOL at least and at most, and the premium at least, as they were then, in points."""


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision with its rules; `problem` says why there are none, if its record can't be read."""

    at: datetime
    decided: str
    position_id: str | None
    outcome: str
    reasons: tuple[str, ...]
    rules: tuple[RuleResult, ...]
    problem: str | None


class EntryHistory:
    """All entry decisions of one folder, read once and then only added to. Used by one thread at a time."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._number = 0
        self._seen: list[EntrySeen] = []

    @property
    def seen(self) -> tuple[EntrySeen, ...]:
        """Oldest first."""
        return tuple(self._seen)

    def read(self) -> None:
        """Read what is new, a hundred decisions at a time.

        Raises FoundWrongError if the books can't be read, ReadingGivenUpError if that takes too long.
        """
        found = LOOKS_AT_ONCE
        while found == LOOKS_AT_ONCE:
            with books_read(self._data_dir, give_up=brief()) as books:
                rows = () if books is None else books.entry_looks(self._number, LOOKS_AT_ONCE)
            for row in rows:
                self._seen.append(_seen(row))
                self._number = row.number
            found = len(rows)


def recorded_decisions(data_dir: Path, cycle_id: str) -> tuple[RecordedDecision, ...]:
    """The decisions of a cycle, oldest first; none if there are no books. Raises FoundWrongError."""
    with books_read(data_dir, give_up=brief()) as books:
        if books is None:
            return ()
        return tuple(
            _decision(
                look, *(books.with_texts(json.loads(part or "[]")) for part in (look.rules, look.reasons))
            )
            for look in books.decisions_of(cycle_id)
        )


def _seen(row: EntryLook) -> EntrySeen:
    try:
        rules = {rule.rule: rule for rule in _rules(row.rules)}
    except ValidationError:
        rules = {}
    market = rules.get("market")
    rv14 = None if market is None else market.inputs.get("rv14_pct")
    checks = {} if market is None else {check.code: check for check in market.checks}
    bounds = [
        float(threshold)
        for code in ("dvol_below_min", "dvol_above_max", "vrp_below_min")
        if code in checks and isinstance(threshold := checks[code].threshold, int | float)
    ]
    premium = checks["vrp_below_min"].value if "vrp_below_min" in checks else None
    return EntrySeen(
        cycle_id=row.cycle_id,
        at=row.at,
        equity_usd=row.equity_usd,
        eur_usd=row.eur_usd,
        eth_share=row.eth_share,
        venue_equity_eth=row.venue_equity_eth,
        rv14_pts=float(rv14) if isinstance(rv14, int | float) else None,
        premium_pts=float(premium) if isinstance(premium, int | float) else None,
        gates=(bounds[0], bounds[1], bounds[2]) if len(bounds) == 3 else None,
    )


def _decision(look: DecisionLook, checked: JsonValue, reasons: JsonValue) -> RecordedDecision:
    """`checked` are its rules; they and the reasons hold texts of others where the record has digests."""
    problem, rules = None, tuple[RuleResult, ...]()
    try:
        rules = _RULES.validate_json(json.dumps(checked))
    except ValidationError as error:
        problem = f"the recorded rules can't be read: {error.errors(include_input=False)[0]['msg']}"
    return RecordedDecision(
        at=look.at,
        decided=look.decided or "unknown",
        position_id=look.position_id,
        outcome=look.outcome or "unknown",
        reasons=tuple(map(str, reasons)) if isinstance(reasons, list) else (),
        rules=rules,
        problem=problem,
    )


def _rules(text: str | None) -> tuple[RuleResult, ...]:
    return () if text is None else _RULES.validate_json(text)
