"""CPU of backtests on the fast road, each in a process of its own, as a person would start it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.report import Row, add_rows, print_table, row_at_most

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5
"""The least of so many is taken: what else runs on the machine only adds."""
SEEDS = 4
YEAR_S, FURTHER_SEED_S, KEPT_MONTHS_S = 1.2, 0.6, 1.0
RECORDED = "CERBERO_BITE_TEST_DATA"
"""Names the folder of the recorded months, as for the tests; without it they are left out."""


def cpu_s(home: str, *arguments: str) -> float:
    """The user and system seconds of one run, whose cache is in a home of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "run.py", "backtest", "--resume-after-days", "30", *arguments]
    own = {**os.environ, "HOME": home}
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=own)  # noqa: S603  (our own)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """A model year, each further seed, and the recorded months when their columns are kept."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as home:
        one = min(cpu_s(home, "--model", "--seed", "1") for _ in range(RUNS))
        several = min(cpu_s(home, "--model", "--seed", f"1:{SEEDS}") for _ in range(RUNS))
        rows.append(row_at_most("backtest: a year of the model market", one, "s", YEAR_S))
        further = (several - one) / (SEEDS - 1)
        rows.append(row_at_most("backtest: each further seed", further, "s", FURTHER_SEED_S))
        recorded = os.environ.get(RECORDED)
        if recorded:
            chains = str(Path(recorded) / "chains")
            cpu_s(home, "--chains", chains)
            kept = min(cpu_s(home, "--chains", chains) for _ in range(RUNS))
            rows.append(row_at_most("backtest: the recorded months, kept", kept, "s", KEPT_MONTHS_S))
    add_rows(rows)
    print_table(rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
