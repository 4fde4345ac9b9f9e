"""Panel 4: what became of the last Mondays, and why; volatility over time with the gates; the smile."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from core.check_words import CHECKS, FORMS, RULES, Measured, check_line, input_line
from core.checks import Check, RuleResult
from core.orders.books import CycleOutcome, CycleRow, Position
from core.strategy import Strategy
from core.values import OptionType, Side
from page.charts import SmilePoint, VolatilityFacts
from page.panels.shown import Labelled, Tone, plain, time_text
from reading.entry_history import EntrySeen, RecordedDecision
from reading.market_history import Levels, MarketSnapshotRow

DOTS_SHOWN = 26
DVOL_COLUMNS = 499
"""Columns of time that DVOL is thinned to, each with its lowest and its highest value."""
_TONES: dict[CycleOutcome | None, Tone] = {
    CycleOutcome.ENTERED: "good",
    CycleOutcome.NO_ENTRY: "quiet",
    CycleOutcome.BLOCKED: "look",
    None: "look",
}
_SIGNS: dict[Tone, str] = {"good": "●", "quiet": "○", "look": "◐", "act": "✕", "": "○"}


@dataclass(frozen=True, slots=True)
class Dot:
    """One entry cycle. `sign` tells it apart without colour."""

    href: str
    day: str
    outcome: str
    why: str
    sign: str
    tone: Tone
    selected: bool


@dataclass(frozen=True, slots=True)
class CheckLine:
    """What a rule looked at: found, bound, and how far they are apart."""

    passed: bool
    what: str
    found: str
    bound: str
    distance: str


@dataclass(frozen=True, slots=True)
class RuleShown:
    title: str
    passed: bool
    checks: tuple[CheckLine, ...]
    inputs: tuple[Labelled, ...]


@dataclass(frozen=True, slots=True)
class DecisionShown:
    """A cycle's decision; `problem` says why there is none to show."""

    cycle_id: str
    title: str
    outcome: str
    reasons: str
    rules: tuple[RuleShown, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class WhyPanel:
    """`empty` says why there is no decision; with `is_broken` because something can't be read."""

    dots: tuple[Dot, ...]
    decisions: tuple[DecisionShown, ...]
    gates: VolatilityFacts | None
    smile: tuple[SmilePoint, ...]
    smile_spot_usd: float | None
    smile_note: str
    empty: str
    is_broken: bool = False


def dots(rows: Sequence[CycleRow], selected: str, *, is_over: bool = False) -> tuple[Dot, ...]:
    """The last entry cycles, oldest first. `is_over`: what has not ended never will."""
    return tuple(_dot(row, row.cycle_id == selected, is_over) for row in rows[-DOTS_SHOWN:])


def outcome_text(row: CycleRow, *, is_over: bool = False) -> str:
    """How a cycle ended, or that it has not."""
    if row.outcome is None:
        return "cut off by the end of the run" if is_over else "under way"
    return row.outcome.value.replace("_", " ")


def _dot(row: CycleRow, selected: bool, is_over: bool) -> Dot:
    tone = _TONES.get(row.outcome, "act")
    return Dot(
        href=f"/?cycle={quote(row.cycle_id, safe='')}#why",
        day=f"{row.slot:%d %b %Y}",
        outcome=outcome_text(row, is_over=is_over),
        why=plain(", ".join(row.reasons)),
        sign=_SIGNS[tone],
        tone=tone,
        selected=selected,
    )


def decisions(
    cycle_id: str, row: CycleRow | None, found: Sequence[RecordedDecision]
) -> tuple[DecisionShown, ...]:
    """What a cycle decided, rule by rule. A cycle that was blocked has decided nothing."""
    if found:
        return tuple(_decision(cycle_id, each) for each in found)
    if row is None:
        return (DecisionShown(plain(cycle_id), "", "", "", (), "there is no such cycle in these books"),)
    reasons = plain(", ".join(row.reasons))
    title = f"{row.job.value} of {time_text(row.slot)}"
    problem = "it ended before anything was decided" if row.outcome is not None else "it has not decided yet"
    return (DecisionShown(plain(cycle_id), title, outcome_text(row), reasons, (), problem),)


def _decision(cycle_id: str, found: RecordedDecision) -> DecisionShown:
    of = "" if found.position_id is None else f" of {plain(found.position_id)}"
    exits = found.decided == "exit"
    return DecisionShown(
        cycle_id=plain(cycle_id),
        title=f"{plain(found.decided)}{of}, {time_text(found.at)}",
        outcome=plain(found.outcome.replace("_", " ")),
        reasons=plain(", ".join(found.reasons)),
        rules=tuple(_rule(rule, exits) for rule in found.rules),
        problem="" if found.problem is None else plain(found.problem),
    )


def _rule(rule: RuleResult, exits: bool) -> RuleShown:
    return RuleShown(
        title=RULES.get(rule.rule, plain(rule.rule)),
        passed=rule.passed,
        checks=tuple(_check(check, exits) for check in rule.checks),
        inputs=tuple(
            Labelled(plain(what), plain(said))
            for what, said in (input_line(name, value) for name, value in rule.inputs.items())
        ),
    )


def _check(check: Check, exits: bool) -> CheckLine:
    what, said = check_line(
        check.code, check.value, check.op, check.threshold, passed=check.passed, exits=exits
    )
    if check.note and check.note not in what:
        what = f"{what} ({check.note})"
    found, _, bound = said.partition(", ")
    return CheckLine(check.passed, plain(what), plain(found), plain(bound), _distance(check))


def _distance(check: Check) -> str:
    """How far the value is from its bound, in the bound's own unit; empty for what is no number."""
    words, value, threshold = CHECKS.get(check.code), check.value, check.threshold
    if not isinstance(words, Measured) or isinstance(value, bool) or isinstance(threshold, bool):
        return ""
    if not isinstance(value, int | float) or not isinstance(threshold, int | float):
        return ""
    return FORMS[words.form].format(abs(value - threshold))


def gates(levels: Levels, seen: Sequence[EntrySeen], strategy: Strategy | None) -> VolatilityFacts | None:
    """DVOL of every snapshot, volatility and premium as the entries found them.

    The gates are those of the running engine, or else of the last entry decision; None if neither says them.
    """
    if strategy is not None:
        entry = strategy.entry
        bounds = (entry.dvol_min_pts, entry.dvol_max_pts, entry.vrp_min_pts)
    elif seen and (last := seen[-1].gates) is not None:
        bounds = last
    else:
        return None
    dvol_min, dvol_max, premium_min = bounds
    return VolatilityFacts(
        dvol=_thinned_dvol(levels),
        rv14=tuple((each.at, each.rv14_pts) for each in seen if each.rv14_pts is not None),
        premium=tuple((each.at, each.premium_pts) for each in seen if each.premium_pts is not None),
        dvol_min_pts=dvol_min,
        dvol_max_pts=dvol_max,
        premium_min_pts=premium_min,
    )


def _thinned_dvol(levels: Levels) -> tuple[tuple[datetime, float], ...]:
    """Of each column of time the lowest and the highest, so that years need not become objects."""
    count = levels.count
    if count <= 2 * DVOL_COLUMNS:
        return tuple((levels.at(index), levels.dvol[index]) for index in range(count))
    kept = {0, count - 1}
    for column in range(DVOL_COLUMNS):
        first, last = column * count // DVOL_COLUMNS, (column + 1) * count // DVOL_COLUMNS
        part = levels.dvol[first:last]
        kept |= {first + part.index(min(part)), first + part.index(max(part))}
    return tuple((levels.at(index), levels.dvol[index]) for index in sorted(kept))


def smile(
    newest: MarketSnapshotRow | None, held: Sequence[Position]
) -> tuple[tuple[SmilePoint, ...], float | None, str]:
    """The quotes of one expiry of the newest snapshot, its index, and what it is.

    The expiry is that of what is held, or else the one with the most quotes.
    """
    if newest is None:
        return (), None, "no snapshot of the market is stored"
    sides = {leg.instrument_name: leg.side for each in held for leg in each.plan.legs}
    try:
        points = list(_quotes(newest.quotes, sides))
    except (ValueError, TypeError, LookupError):
        return (), None, "the newest snapshot of the market can't be read"
    if not points:
        return (), newest.spot_usd, "the newest snapshot has no quotes"
    chosen = {point.expires for point in points if point.chosen is not None}
    if not chosen:
        days = [point.expires for point in points]
        chosen = {max(set(days), key=lambda day: (days.count(day), day))}
    shown = tuple(point for point in points if point.expires in chosen)
    return shown, newest.spot_usd, f"snapshot of {time_text(newest.at)}"


def _quotes(text: str, sides: dict[str, Side]) -> Iterator[SmilePoint]:
    for row in json.loads(text):
        name, iv_pct = str(row[0]), row[4]
        _, day, strike, letter = name.split("-")
        # A broken quote is stored as it came, with NaN for what was no number.
        if iv_pct is None or not math.isfinite(iv_pct):
            continue
        yield SmilePoint(
            expires=datetime.strptime(day, "%d%b%y").date(),  # noqa: DTZ007  (a day has no zone)
            strike_usd=float(strike),
            option_type=OptionType.CALL if letter == "C" else OptionType.PUT,
            iv_pct=float(iv_pct),
            chosen=sides.get(name),
        )
