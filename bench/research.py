"""A sweep of 27 points of W1 against another program's own 27 runs, and how a sweep grows with workers."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from bench.backtest import PEER_PYTHON, W1_CHAINS, used
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
ROUNDS = 3
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
HUNDRED = ("--model", "--seeds", "1:4", "--resume-after-days", "30")
HUNDRED_POINTS = (
    *("--set", "exits.profit_of_credit=0.3,0.4,0.5,0.6,0.7"),
    *("--set", "strikes.delta_target=0.17,0.18,0.19,0.2,0.21"),
)


def sweep(*arguments: str) -> list[str]:
    """The command of a sweep."""
    return [sys.executable, "run.py", "sweep", *arguments]


class Measured(NamedTuple):
    """What a program and its children took together. Pages that they share count once."""

    cpu_s: float
    wall_s: float
    peak_mib: float


def measured(home: str, command: list[str], *, with_memory: bool = False) -> Measured:
    """Run it, with its cache in a home of its own."""
    before, began, most = _children_cpu_s(), perf_counter(), 0.0
    process = subprocess.Popen(  # noqa: S603  (named)
        command, cwd=ROOT, env=kept_bytecode() | {"HOME": home}, stdout=subprocess.DEVNULL
    )
    while with_memory:
        most = max(most, sum(_share_mib(pid) for pid in (process.pid, *_children(process.pid))))
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_EVERY_S)
            break
    if process.wait():
        raise SystemExit(f"{' '.join(command)}: expected 0, found {process.returncode}")
    return Measured(_children_cpu_s() - before, perf_counter() - began, most)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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


def w1_rows(home: str) -> list[Row]:
    """CPU against the peer, and memory against one run; empty where either is not there."""
    chains, python, program = (os.environ.get(name) for name in (W1_CHAINS, PEER_PYTHON, PEER_SWEEP))
    if not chains or not python or not program:
        return []
    peer = Path(home) / "peer"
    peer.mkdir()
    (peer / "chains_daily.parquet").symlink_to(Path(chains).resolve())
    over = ["--chains", chains, *W1]
    one = measured(home, [sys.executable, "run.py", "backtest", *over], with_memory=True)
    ours = measured(home, sweep(*over, *POINTS, "--jobs", str(JOBS)), with_memory=True)
    theirs_s = used(home, [python, program], cwd=peer).cpu_s
    allowed_mib = MEMORY_OF_ONE * one.peak_mib + MEMORY_A_WORKER_MIB * JOBS
    return [
        row_at_most(
            "research: 27 points of W1 against optopsy", ours.cpu_s, "s", CPU_OF_PEER, baseline=theirs_s
        ),
        row_at_most("research: memory of two workers together", ours.peak_mib, "MiB", allowed_mib),
    ]


def growth_rows(what: str, one: Measured, two: Measured) -> list[Row]:
    """How the time falls with a second worker, and how the CPU time does not rise: where two cores are not
    free, only that tells what they would do."""
    most = 1.0 / TWO_OF_ONE
    return [
        row_at_most(
            f"research: 100 runs {what}, time of two workers", two.wall_s, "s", most, baseline=one.wall_s
        ),
        row_at_most(
            f"research: 100 runs {what}, CPU of two workers", two.cpu_s, "s", JOBS * most, baseline=one.cpu_s
        ),
    ]


def least(measure: Callable[[int], Measured]) -> tuple[Measured, Measured]:
    """With one worker and with two, in turn: the least of so many rounds."""
    rounds = [[measure(workers) for workers in (1, JOBS)] for _ in range(ROUNDS)]
    one, two = (Measured(*map(min, zip(*each, strict=True))) for each in zip(*rounds, strict=True))
    return one, two


def linear_rows(home: str) -> list[Row]:
    """A hundred runs of a year with one worker and with two."""
    return growth_rows(
        "here", *least(lambda jobs: measured(home, sweep(*HUNDRED, *HUNDRED_POINTS, "--jobs", str(jobs))))
    )


@contextmanager
def scheduler(workers: int) -> Iterator[str]:
    """A scheduler of `distributed` and its workers on this machine."""
    from distributed import LocalCluster

    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as made:
        yield made.scheduler_address


def cluster_rows(home: str) -> list[Row]:
    """The same over a real scheduler with one and two worker processes. Their CPU is known once they end."""

    def measure(workers: int) -> Measured:
        before = _children_cpu_s()
        with scheduler(workers) as address:
            swept = measured(home, sweep(*HUNDRED, *HUNDRED_POINTS, "--cluster", address))
        return swept._replace(cpu_s=_children_cpu_s() - before)

    return growth_rows("over a scheduler", *least(measure))


PARTS = {"w1": w1_rows, "here": linear_rows, "cluster": cluster_rows}


def main(asked: Sequence[str] = ()) -> int:
    """The rows of these parts, or of all; those of W1 where it is named. Each is told as it is found: all of
    them take minutes."""
    unknown = [name for name in asked if name not in PARTS]
    if unknown:
        raise SystemExit(f"expected parts among {', '.join(PARTS)}, found {', '.join(unknown)}")
    is_ok = True
    with tempfile.TemporaryDirectory() as home:
        for name in asked or PARTS:
            rows = PARTS[name](home)
            add_rows(rows)
            print_table(rows)
            sys.stdout.flush()
            is_ok = is_ok and all(row.ok for row in rows)
    return 0 if is_ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
