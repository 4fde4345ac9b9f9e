"""The core road and the whole engine over the same market: every trade and every cycle, held side by side.

`python -m tests.backtest.two_roads engine.json backtest.json` compares what `paper --json` and
`backtest --json` wrote; exits 1 if they differ.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from actors.runtime import RunOrder
from config import load_strategy
from lab.backtest.road import CoreRoad
from lab.engine import SimulatedEngine, open_venue
from reading.books import required_books
from reading.json_forms import cycle_json, trade_json

Document = Mapping[str, Any]
JOBS = ("entry", "monitor", "settlement")


def compared(cycle: Document) -> dict[str, Any]:
    """A cycle without the figures of a latch, which are of the moment at which it was set, and without the
    marks that an engine's books put around the words of others."""
    plain = (reason.split(": ")[0].replace("⟪", "").replace("⟫", "") for reason in cycle["reasons"])
    return {**cycle, "reasons": list(plain)}


def differences(engine: Document, core: Document) -> list[str]:
    """Everything in which the two do not agree: trades field by field, cycles by outcome and reasons."""
    found = []
    for name, rows in (("trade", "trades"), ("cycle", "cycles")):
        theirs = {row["id"]: compared(row) if name == "cycle" else row for row in _of_jobs(engine[rows])}
        ours = {row["id"]: compared(row) if name == "cycle" else row for row in _of_jobs(core[rows])}
        for key in sorted(theirs.keys() | ours.keys()):
            left, right = theirs.get(key), ours.get(key)
            if left is None or right is None:
                found.append(f"{name} {key}: engine {left}, core {right}")
            else:
                found += [
                    f"{name} {key} {field}: engine {left[field]!r}, core {right[field]!r}"
                    for field in left
                    if left[field] != right[field]
                ]
    return found


def _of_jobs(rows: Sequence[Document]) -> list[Document]:
    return [row for row in rows if "legs" in row or row["kind"] in JOBS]


def engine_document(folder: Path, strategy: Path, seed: int, days: int) -> Document:
    """The whole engine on the model market of a seed, every answer at once."""
    venue = open_venue(folder, seed)
    begin = venue.venue.source.start
    engine = SimulatedEngine(
        loaded=load_strategy(strategy),
        venue=venue,
        data_dir=folder,
        seed=seed,
        begin=begin,
        order=RunOrder.FIFO,
        latency_s=(0.0, 0.0),
    )
    engine.start()
    end = begin + timedelta(days=days)
    engine.run_until(end)
    engine.stop("end of the run")
    with required_books(folder) as books:
        # What is due at the end itself is not part of the run.
        trades, cycles = books.trades(), [row for row in books.cycles(None) if row.slot < end]
    return {"trades": [trade_json(each) for each in trades], "cycles": [cycle_json(each) for each in cycles]}


def core_document(road: CoreRoad) -> Document:
    """What a core road did, in the same form."""
    books = road.books
    return {
        "trades": [trade_json(each) for each in books.positions.values()],
        "cycles": [cycle_json(each) for each in books.cycles],
    }


def main(engine: Path, core: Path) -> int:
    theirs, ours = (json.loads(path.read_text(encoding="utf-8")) for path in (engine, core))
    found = differences(theirs, ours)
    counts = f"{len(ours['trades'])} trades, {len(_of_jobs(ours['cycles']))} cycles"
    sys.stdout.write("\n".join((f"{counts}: {len(found)} differences", *found)) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
