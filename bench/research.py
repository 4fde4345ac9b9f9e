"""A sweep of 27 points of W1 against another program's own 27 runs, and how a sweep grows with workers."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter

from bench.backtest import PEER_PYTHON, W1_CHAINS, cpu_s
from bench.report import Row, add_rows, print_table, row_at_most
from bench.variables import kept_bytecode

ROOT = Path(__file__).resolve().parent.parent
PEER_SWEEP = "CERBERO_BITE_PEER_SWEEP"
"""Names the program that runs the 27 points in the peer's Python; it reads `chains_daily.parquet` where it is
started, which has to be the file that `CERBERO_BITE_W1_CHAINS` names."""
CPU_OF_PEER = 0.5
MEMORY_OF_ONE, MEMORY_A_WORKER_MIB = 1.3, 60.0
TWO_OF_ONE = 1.8
JOBS = 2
LOOK_EVERY_S = 0.05
W1 = ("--columns", "lab/workloads/w1_columns.yaml", "--strategy", "lab/workloads/w1.yaml")
DELTAS = ";".join(
    f"strikes.{key}={values}"
    for key, values in (
        ("delta_target", "0.12,0.16,0.25"),
        ("delta_min", "0.08,0.12,0.21"),
        ("delta_max", "0.17,0.21,0.30"),
        ("long_leg.delta_target", "0.06,0.08,0.125"),
        ("long_leg.delta_min", "0.03,0.05,0.095"),
        ("long_leg.delta_max", "0.09,0.11,0.155"),
    )
)
POINTS = (
    *("--set", DELTAS),
    *("--set", "exits.profit_of_credit=0.65,0.5,0.3"),
    *("--set", "exits.stop_cost_multiple=2.5,3.0,4.0"),
)
"""The peer's: profit at 35, 50 and 70 % of the credit, stop at a loss of 1.5, 2 and 3 times it."""
HUNDRED = ("--model", "--seeds", "1:4", "--to", "2026-04-01", "--resume-after-days", "30")
HUNDRED_POINTS = (
    *("--set", "exits.profit_of_credit=0.3,0.4,0.5,0.6,0.7"),
    *("--set", "strikes.delta_target=0.17,0.18,0.19,0.2,0.21"),
)


def sweep(*arguments: str) -> list[str]:
    """The command of a sweep."""
    return [sys.executable, "run.py", "sweep", *arguments]


def peak_mib(home: str, command: list[str]) -> float:
    """The most memory that a program and its children hold together; pages that they share count once."""
    process = subprocess.Popen(  # noqa: S603  (named)
        command, cwd=ROOT, env=kept_bytecode() | {"HOME": home}, stdout=subprocess.DEVNULL
    )
    most = 0.0
    while True:
        most = max(most, sum(_share_mib(pid) for pid in (process.pid, *_children(process.pid))))
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_EVERY_S)
            break
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: expected 0, found {process.returncode}")
    return most


def _children(pid: int) -> Iterator[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return
    for child in map(int, listed):
        yield child
        yield from _children(child)


def _share_mib(pid: int) -> float:
    """The proportional set size; 0 of a process that has ended meanwhile."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024.0 for line in lines if line.startswith("Pss:")), 0.0)


def wall_s(home: str, command: list[str]) -> float:
    """How long a run takes; only on a quiet machine does it say how a sweep grows with cores."""
    began = perf_counter()
    cpu_s(home, command)
    return perf_counter() - began


def w1_rows(home: str) -> list[Row]:
    """CPU against the peer, and memory against one run; empty where either is not there."""
    chains, python, program = (os.environ.get(name) for name in (W1_CHAINS, PEER_PYTHON, PEER_SWEEP))
    if not chains or not python or not program:
        return []
    peer = Path(home) / "peer"
    peer.mkdir()
    (peer / "chains_daily.parquet").symlink_to(Path(chains).resolve())
    over = ["--chains", chains, *W1]
    ours = cpu_s(home, sweep(*over, *POINTS, "--jobs", str(JOBS)))
    theirs = cpu_s(home, [python, program], cwd=peer)
    one = peak_mib(home, [sys.executable, "run.py", "backtest", *over])
    many = peak_mib(home, sweep(*over, *POINTS, "--jobs", str(JOBS)))
    allowed = MEMORY_OF_ONE * one + MEMORY_A_WORKER_MIB * JOBS
    return [
        row_at_most("research: 27 points of W1 against optopsy", ours, "s", CPU_OF_PEER, baseline=theirs),
        row_at_most("research: memory of two workers together", many, "MiB", allowed),
    ]


def linear_row(home: str) -> Row:
    """A hundred runs with one worker and with two."""
    one, two = (wall_s(home, sweep(*HUNDRED, *HUNDRED_POINTS, "--jobs", str(jobs))) for jobs in (1, JOBS))
    return row_at_most("research: 100 runs with two workers of those with one", two / one, "", 1 / TWO_OF_ONE)


@contextmanager
def scheduler(workers: int) -> Iterator[str]:
    """A scheduler of `distributed` and its workers on this machine."""
    from distributed import LocalCluster

    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as made:
        yield made.scheduler_address


def cluster_row(home: str) -> Row:
    """The same over a real scheduler with one and two worker processes."""
    took = []
    for workers in (1, JOBS):
        with scheduler(workers) as address:
            took.append(wall_s(home, sweep(*HUNDRED, *HUNDRED_POINTS, "--cluster", address)))
    return row_at_most(
        "research: the same over a scheduler, two workers of one", took[1] / took[0], "", 1 / TWO_OF_ONE
    )


def main() -> int:
    """All rows; those of W1 where it is named."""
    with tempfile.TemporaryDirectory() as home:
        rows = [*w1_rows(home), linear_row(home), cluster_row(home)]
    add_rows(rows)
    print_table(rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
