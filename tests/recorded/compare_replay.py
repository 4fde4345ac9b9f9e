"""The pure replay against the engine: `python -m tests.recorded.compare_replay $CHAINS out.json`.

`out.json` is what `run.py paper --chains $CHAINS --days 115 --no-ui --json out.json` wrote. Every trade is
compared field by field (money to the last decimal), and what became of every entry and of every monitor that
had something open. Prints a table and the differences; exits 1 if there is one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, cast

from core.strategy import Strategy
from tests.recorded.weekly_replay import SNAPSHOT, SlotOutcome, WeeklyReplay

Document = Mapping[str, object]
MONEY = ("credit_eth", "fees_eth", "pnl_eth", "pnl_usd")
FIELDS = ("slot", "kind", "legs", "contracts", "entered_at", "closed_at", "exit_rule", *MONEY)


class Difference(NamedTuple):
    """One field that is not the same, and what each side says; None if it has no such trade or slot."""

    where: str
    engine: object
    replay: object

    def __str__(self) -> str:
        return f"{self.where}: engine {self.engine!r}, replay {self.replay!r}"


def days_of(report: Document) -> int:
    """The market days of the engine's run."""
    run = cast("dict[str, str]", report["run"])
    span = datetime.fromisoformat(run["ended"]) - datetime.fromisoformat(run["began"])
    return round(span / timedelta(days=1))


def engine_trades(report: Document) -> list[dict[str, object]]:
    """The trades of a report in the replay's words."""
    trades = cast("Sequence[dict[str, object]]", report["trades"])
    return [
        {
            **{name: trade[name] for name in ("kind", "contracts", "exit_rule")},
            "slot": _time(str(trade["id"]).removeprefix("p-entry-")),
            "legs": [
                f"{leg['side']} {leg['instrument_name']}"
                for leg in cast("Sequence[dict[str, object]]", trade["legs"])
            ],
            **{name: _time(trade[name]) for name in ("entered_at", "closed_at")},
            **{name: Decimal(str(trade[name])) for name in MONEY},
        }
        for trade in trades
    ]


def replayed_trades(replay: WeeklyReplay) -> list[dict[str, object]]:
    """The trades of the replay, times and money as values."""
    return [
        {
            **made,
            **{name: _time(made[name]) for name in ("slot", "entered_at", "closed_at")},
            **{name: Decimal(str(made[name])) for name in MONEY},
        }
        for made in (trade.as_json() for trade in replay.trades)
    ]


def engine_slots(report: Document) -> dict[str, str]:
    """What became of each entry, and by which rule each monitor with something open decided."""
    slots = {}
    for cycle in cast("Sequence[dict[str, object]]", report["cycles"]):
        outcome = str(cycle["outcome"])
        reasons = cast("Sequence[str]", cycle["reasons"])
        name = f"{cycle['kind']} {cycle['slot']}"
        if cycle["kind"] == "entry":
            said = [_without_figures(reason) for reason in reasons]
            slots[name] = " ".join(said) if outcome == "no_entry" else " ".join((outcome, *said))
        elif cycle["kind"] == "monitor" and outcome != "nothing_open":
            if outcome == "data_failed":
                slots[name] = " ".join((outcome, *reasons))
            else:
                slots[name] = " ".join(reason.split(":")[0] for reason in reasons)
    return slots


def replayed_slots(slots: Sequence[SlotOutcome]) -> dict[str, str]:
    """The same of the replay."""
    return {f"{one.job} {_shown(one.slot)}": " ".join((one.outcome, *one.reasons)) for one in slots}


def differences(report: Document, replay: WeeklyReplay) -> list[Difference]:
    """Everything in which the two do not agree."""
    theirs, ours = engine_trades(report), replayed_trades(replay)
    found = [
        Difference(f"trade {_shown(engine['slot'])} {name}", engine[name], made[name])
        for engine, made in zip(theirs, ours, strict=False)
        for name in FIELDS
        if engine[name] != made[name]
    ]
    found += [Difference("a trade more", trade, None) for trade in theirs[len(ours) :]]
    found += [Difference("a trade more", None, trade) for trade in ours[len(theirs) :]]
    decided, redecided = engine_slots(report), replayed_slots(replay.slots)
    found += [
        Difference(name, decided.get(name), redecided.get(name))
        for name in sorted(decided.keys() | redecided.keys())
        if decided.get(name) != redecided.get(name)
    ]
    return found


def rendered(report: Document, replay: WeeklyReplay) -> str:
    """The trades of both as a table, and the differences."""
    lines = ["slot kind contracts exit_rule pnl_eth(engine) pnl_eth(replay)"]
    theirs = {trade["slot"]: trade for trade in engine_trades(report)}
    ours = {trade["slot"]: trade for trade in replayed_trades(replay)}
    for slot in sorted(theirs.keys() | ours.keys(), key=str):
        engine, made = theirs.get(slot), ours.get(slot)
        known = engine or made or {}
        shown = [_shown(slot), *(str(known[name]) for name in ("kind", "contracts", "exit_rule"))]
        shown += ["-" if side is None else f"{side['pnl_eth']:f}" for side in (engine, made)]
        lines.append(" ".join(shown))
    found = differences(report, replay)
    entries = sum(slot.job == "entry" for slot in replay.slots)
    lines.append(
        f"{len(replay.trades)} trades of {len(FIELDS)} fields, {entries} entry slots, "
        f"{len(replay.slots) - entries} monitors: {len(found)} differences"
    )
    return "\n".join((*lines, *map(str, found)))


def _without_figures(reason: str) -> str:
    """A latch says its figures after its source; they are of the moment at which it was set."""
    return reason.split(": ")[0]


def _time(text: object) -> datetime | None:
    return None if text is None else datetime.fromisoformat(str(text))


def _shown(moment: object) -> str:
    return moment.isoformat().replace("+00:00", "Z") if isinstance(moment, datetime) else str(moment)


def main(chains: Path, out: Path) -> int:
    report = cast("Document", json.loads(out.read_text(encoding="utf-8")))
    replay = WeeklyReplay(chains, Strategy(), look_every=SNAPSHOT)
    replay.run(days_of(report))
    sys.stdout.write(rendered(report, replay) + "\n")
    return 1 if differences(report, replay) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
