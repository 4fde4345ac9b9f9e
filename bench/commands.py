"""CPU of commands that a person waits for, each in a process of its own, beside a bare typer and pydantic.

The ratio to that baseline is what is judged, so that a slow machine judges the same.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.report import Row, add_rows, print_table, row_at_most

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5
"""The least of so many is taken: what else runs on the machine only adds."""
BASELINE = "import pydantic, typer; pydantic.BaseModel, typer.Typer"
COMMANDS: tuple[tuple[str, float], ...] = (
    ("--help", 1.2),
    ("status", 4.0),
    ("state positions", 4.0),
    ("kill-switch status", 4.0),
    ("healthcheck", 4.0),
    ("audit verify", 4.0),
    ("report", 4.0),
    ("trace entry-1", 4.0),
)
"""Commands on a folder without an engine, with the most that each may take, in baselines."""


def cpu_s(arguments: Sequence[str]) -> float:
    """Seconds of CPU that a Python process with these arguments takes, the least of several."""
    least = float("inf")
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(  # noqa: S603  (this project's own starter)
            [sys.executable, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            check=False,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        least = min(least, took)
    return least


def command_rows() -> list[Row]:
    """A row for each command."""
    baseline = cpu_s(["-c", BASELINE])
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for command, most in COMMANDS:
            options = [] if command.startswith("-") else ["--data-dir", folder]
            took = cpu_s(["run.py", *command.split(), *options])
            name = f"run.py {command}, CPU"
            rows.append(row_at_most(name, took, "s", most, baseline=baseline))
    return rows


def main() -> int:
    """Print the rows, keep them, and return 1 if one misses its target."""
    rows = command_rows()
    print_table(rows)
    add_rows(rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
