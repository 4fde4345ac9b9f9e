"""CPU and memory of backtests on both roads, each in a process of its own, as a person would start it, and
how fast faults are simulated.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.report import Row, add_rows, print_table, row_at_least, row_at_most
from bench.variables import kept_bytecode

ROOT = Path(__file__).resolve().parent.parent
RUNS = 3
"""Of a comparison with optopsy the medians of so many turns are taken. Of a figure in seconds it is the
least: what else runs on the machine only adds."""
SEEDS = 4
YEAR_S, FURTHER_SEED_S, KEPT_MONTHS_S = 1.2, 0.6, 1.0
W1_OF_PEER = 0.6
ACTORS = ("--road", "actors", "--schedule", "sparse")
RESUMED = ("--resume-after-days", "30")
ACTORS_YEAR_S, ACTORS_W1_OF_PEER = 3.0, 2.5
WEEK, FIVE_YEARS, TEN_YEARS = (("--to", day) for day in ("2026-01-12", "2031-01-05", "2036-01-05"))
"""Of the model market, which begins on 2026-01-05."""
SECOND_OF_FIRST_FIVE_YEARS = 1.05
MEMORY_OF_PEER = 0.5
SIMULATED_SEEDS, SIMULATED_DAYS, SIMULATED_PER_MIN = 6, 10, 150.0
RECORDED = "CERBERO_BITE_TEST_DATA"
"""Names the folder of the recorded months, as for the tests; without it they are left out."""
W1_CHAINS = "CERBERO_BITE_W1_CHAINS"
"""Names the chains of W1, as for the tests."""
PEER_PYTHON, PEER_SCRIPT = "CERBERO_BITE_PEER_PYTHON", "CERBERO_BITE_PEER_SCRIPT"
"""Name a Python in which optopsy is installed, and the program that runs W1 in it on a file of chains."""


class Used(NamedTuple):
    """What one process took: user and system seconds, and its largest resident size."""

    cpu_s: float
    memory_mib: float


def used(home: str, command: Sequence[str], cwd: Path = ROOT) -> Used:
    """Run it, with its cache in a home of its own."""
    own = kept_bytecode() | {"HOME": home}
    if command[0] != sys.executable:
        own.pop("PYTHONPATH", None)  # Ours, and of another Python.
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=said, env=own)  # noqa: S603
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(
                f"{' '.join(command)}: expected 0, found {process.returncode}: {said.read().decode()}"
            )
    return Used(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def backtest(home: str, *arguments: str) -> Used:
    """The same of a backtest."""
    return used(home, [sys.executable, "run.py", "backtest", *arguments])


def least_s(home: str, *arguments: str) -> float:
    """The least CPU of some runs of a backtest."""
    return min(backtest(home, *arguments).cpu_s for _ in range(RUNS))


def w1_rows(home: str) -> list[Row]:
    """W1 on both roads and in optopsy, in turn; none where something of that is not there."""
    named = [os.environ.get(name) for name in (W1_CHAINS, PEER_PYTHON, PEER_SCRIPT)]
    if not all(named):
        return []
    chains, peer = str(named[0]), [str(named[1]), str(named[2]), str(named[0])]
    w1 = ["--chains", chains, "--columns", "lab/workloads/w1_columns.yaml"]
    w1 += ["--strategy", "lab/workloads/w1.yaml"]
    turns = [
        (backtest(home, *w1), backtest(home, *w1, *ACTORS), used(home, peer, cwd=Path(home)))
        for _ in range(RUNS)
    ]
    core, actors, theirs = (
        Used(median(run.cpu_s for run in runs), median(run.memory_mib for run in runs))
        for runs in zip(*turns, strict=True)
    )
    rows = []
    for name, ours, of_peer in (
        ("W1", core, W1_OF_PEER),
        ("W1 through the actors", actors, ACTORS_W1_OF_PEER),
    ):
        took, held = f"backtest: {name} against optopsy", f"backtest: memory of {name} against optopsy"
        rows.append(row_at_most(took, ours.cpu_s, "s", of_peer, baseline=theirs.cpu_s))
        rows.append(row_at_most(held, ours.memory_mib, "MiB", MEMORY_OF_PEER, baseline=theirs.memory_mib))
    return rows


def growth_row(home: str, name: str, *arguments: str) -> Row:
    """The second five years of the model market against the first, with the report on all of them. Neither is
    charged with the start, which is what a week takes."""
    week_s, five_s, ten_s = (least_s(home, *arguments, *until) for until in (WEEK, FIVE_YEARS, TEN_YEARS))
    most = SECOND_OF_FIRST_FIVE_YEARS
    return row_at_most(f"backtest: {name}", ten_s - five_s, "s", most, baseline=five_s - week_s)


def simulation_row(home: str) -> Row:
    """Market days of the simulation a minute of one core, on the production schedule, its start included.

    Seed 0 is not among them: like every 25th it would be run twice, and counted once.
    """
    seeds = ("--seeds", f"1:{1 + SIMULATED_SEEDS}", "--days", str(SIMULATED_DAYS))
    took = used(
        home, [sys.executable, "run.py", "simulate", *seeds, "--schedule", "production", "--jobs", "1"]
    )
    per_min = SIMULATED_SEEDS * SIMULATED_DAYS * 60.0 / took.cpu_s
    return row_at_least("simulate: market days a minute of CPU", per_min, "days", SIMULATED_PER_MIN)


def main() -> int:
    """W1, a model year, each further seed, and the recorded months when their columns are kept; W1 and the
    year also through the actors, and how the cost grows with the days. Then the simulation."""
    model = (*RESUMED, "--model", "--seed")
    with tempfile.TemporaryDirectory() as home:
        rows = w1_rows(home)
        one, several = least_s(home, *model, "1"), least_s(home, *model, f"1:{SEEDS}")
        rows.append(row_at_most("backtest: a year of the model market", one, "s", YEAR_S))
        further = (several - one) / (SEEDS - 1)
        rows.append(row_at_most("backtest: each further seed", further, "s", FURTHER_SEED_S))
        name = "backtest: a year of the model market through the actors"
        rows.append(row_at_most(name, least_s(home, *model, "1", *ACTORS), "s", ACTORS_YEAR_S))
        rows.append(growth_row(home, "second five years against the first", *model, "1"))
        name = "second five years against the first, actors"
        rows.append(growth_row(home, name, *model, "1", *ACTORS))
        recorded = os.environ.get(RECORDED)
        if recorded:
            chains = ("--chains", str(Path(recorded) / "chains"))
            backtest(home, *RESUMED, *chains)
            kept = least_s(home, *RESUMED, *chains)
            rows.append(row_at_most("backtest: the recorded months, kept", kept, "s", KEPT_MONTHS_S))
        rows.append(simulation_row(home))
    add_rows(rows)
    print_table(rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
