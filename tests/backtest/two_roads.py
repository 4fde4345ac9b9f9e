"""What an engine and a backtest wrote about the same market, held side by side.

`python -m tests.backtest.two_roads engine.json backtest.json` compares what `paper --json` and
`backtest --json` wrote; exits 1 if they differ. `run.py backtest --check` runs both roads by itself.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lab.backtest.compared import row_differences


def main(engine: Path, backtest: Path) -> int:
    theirs, ours = (json.loads(path.read_text(encoding="utf-8")) for path in (engine, backtest))
    found = [
        each.text("engine", "backtest")
        for kind in ("trade", "cycle")
        for each in row_differences(kind, theirs[f"{kind}s"], ours[f"{kind}s"])
    ]
    counts = f"{len(ours['trades'])} trades, {len(ours['cycles'])} cycles"
    sys.stdout.write("\n".join((f"{counts}: {len(found)} differences", *found)) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
