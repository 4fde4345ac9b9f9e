"""CPU of backtests on both roads, each in a process of its own, as a person would start it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.report import Row, add_rows, print_table, row_at_most
from bench.variables import kept_bytecode

ROOT = Path(__file__).resolve().parent.parent
RUNS = 3
"""The least of so many is taken: what else runs on the machine only adds."""
SEEDS = 4
YEAR_S, FURTHER_SEED_S, KEPT_MONTHS_S = 1.2, 0.6, 1.0
W1_OF_PEER = 0.6
ACTORS = ("--road", "actors", "--schedule", "sparse")
ACTORS_YEAR_S, ACTORS_W1_OF_PEER = 3.0, 2.5
RECORDED = "CERBERO_BITE_TEST_DATA"
"""Names the folder of the recorded months, as for the tests; without it they are left out."""
W1_CHAINS = "CERBERO_BITE_W1_CHAINS"
"""Names the chains of W1, as for the tests."""
PEER_PYTHON, PEER_SCRIPT = "CERBERO_BITE_PEER_PYTHON", "CERBERO_BITE_PEER_SCRIPT"
"""Name a Python in which optopsy is installed, and the program that runs W1 in it on a file of chains."""


def cpu_s(home: str, command: Sequence[str], cwd: Path = ROOT) -> float:
    """The user and system seconds of one run, whose cache is in a home of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = kept_bytecode() | {"HOME": home}
    if command[0] != sys.executable:
        own.pop("PYTHONPATH", None)  # Ours, and of another Python.
    ended = subprocess.run(command, cwd=cwd, capture_output=True, env=own, check=False)  # noqa: S603  (named)
    if ended.returncode:
        said = ended.stderr.decode()
        raise SystemExit(f"{' '.join(command)}: expected 0, found {ended.returncode}: {said}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def backtest_s(home: str, *arguments: str) -> float:
    """The same of a backtest."""
    return cpu_s(home, [sys.executable, "run.py", "backtest", *arguments])


def w1_rows(home: str) -> list[Row]:
    """W1 on both roads and in optopsy, in turn; none where something of that is not there."""
    named = [os.environ.get(name) for name in (W1_CHAINS, PEER_PYTHON, PEER_SCRIPT)]
    if not all(named):
        return []
    chains, peer = str(named[0]), [str(named[1]), str(named[2]), str(named[0])]
    w1 = ["--chains", chains, "--columns", "lab/workloads/w1_columns.yaml"]
    w1 += ["--strategy", "lab/workloads/w1.yaml"]
    turns = [
        (backtest_s(home, *w1), backtest_s(home, *w1, *ACTORS), cpu_s(home, peer, cwd=Path(home)))
        for _ in range(RUNS)
    ]
    core, actors, theirs = (min(times) for times in zip(*turns, strict=True))
    by_actors = "backtest: W1 through the actors against optopsy"
    return [
        row_at_most("backtest: W1 against optopsy", core, "s", W1_OF_PEER, baseline=theirs),
        row_at_most(by_actors, actors, "s", ACTORS_W1_OF_PEER, baseline=theirs),
    ]


def main() -> int:
    """W1, a model year, each further seed, and the recorded months when their columns are kept; W1 and the
    year also through the actors."""
    resumed = ("--resume-after-days", "30")
    with tempfile.TemporaryDirectory() as home:
        rows = w1_rows(home)
        one = min(backtest_s(home, *resumed, "--model", "--seed", "1") for _ in range(RUNS))
        several = min(backtest_s(home, *resumed, "--model", "--seed", f"1:{SEEDS}") for _ in range(RUNS))
        rows.append(row_at_most("backtest: a year of the model market", one, "s", YEAR_S))
        further = (several - one) / (SEEDS - 1)
        rows.append(row_at_most("backtest: each further seed", further, "s", FURTHER_SEED_S))
        actors = min(backtest_s(home, *resumed, *ACTORS, "--model", "--seed", "1") for _ in range(RUNS))
        name = "backtest: a year of the model market through the actors"
        rows.append(row_at_most(name, actors, "s", ACTORS_YEAR_S))
        recorded = os.environ.get(RECORDED)
        if recorded:
            chains = str(Path(recorded) / "chains")
            backtest_s(home, *resumed, "--chains", chains)
            kept = min(backtest_s(home, *resumed, "--chains", chains) for _ in range(RUNS))
            rows.append(row_at_most("backtest: the recorded months, kept", kept, "s", KEPT_MONTHS_S))
    add_rows(rows)
    print_table(rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
