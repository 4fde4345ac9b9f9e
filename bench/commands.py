"""CPU of commands that a person waits for, each in a process of its own, beside a bare typer and pydantic.

The ratio to that baseline is what is judged, so that a slow machine judges the same.
"""

from __future__ import annotations

import os
import pty
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

from bench.report import Row, add_rows, print_table, row_at_most
from bench.variables import kept_bytecode

ROOT = Path(__file__).resolve().parent.parent
NOTHING: Mapping[str, str] = MappingProxyType({})
RUNS = 5
"""The least of so many is taken: what else runs on the machine only adds."""
BASELINE = "import pydantic, typer; pydantic.BaseModel, typer.Typer"
COMMANDS: tuple[tuple[str, float], ...] = (
    ("--help", 1.2),
    ("--version", 1.5),
    ("state --help", 1.5),
    ("alert test --help", 1.5),
    ("strategy explain exits.profit_of_credit", 3.0),
    ("config validate", 3.0),
    ("inject --list", 3.0),
)
"""Commands that need no folder, with the most that each may take, in baselines."""
ON_A_FOLDER: tuple[tuple[str, float], ...] = (
    ("status", 3.0),
    ("state positions", 3.0),
    ("state trades", 3.0),
    ("kill-switch status", 3.0),
    ("healthcheck", 3.0),
    ("audit verify", 3.0),
    ("report", 3.0),
    ("logs", 2.0),
    ("explain entry-1", 3.0),
    ("trace entry-1", 3.0),
    ("pause --reason x", 3.0),
    ("inject BackupNow --reason x", 3.0),
    ("top", 3.0),
)
"""Commands on a folder, without an engine."""
OF_AN_ENGINE: tuple[str, ...] = ("status", "kill-switch status", "state positions", "pause --reason x")


Run = Callable[[Sequence[str], Mapping[str, str]], None]
"""Runs a Python process with these arguments and variables to its end."""


def quietly(arguments: Sequence[str], variables: Mapping[str, str]) -> None:
    subprocess.run(  # noqa: S603  (this project's own starter)
        [sys.executable, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        check=False,
        env=kept_bytecode() | dict(variables),
    )


def until_it_draws(arguments: Sequence[str], variables: Mapping[str, str]) -> None:
    """On a terminal, which presses `q` as soon as anything is drawn. RuntimeError if nothing is."""
    person, terminal = pty.openpty()
    try:
        process = subprocess.Popen(  # noqa: S603  (this project's own starter)
            [sys.executable, *arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=kept_bytecode() | dict(variables) | {"TERM": "xterm"},
        )
        os.close(terminal)
        with suppress(OSError):  # A terminal that nobody holds any more can't be read.
            drawn = os.read(person, 65_536)
            os.write(person, b"q")
            while os.read(person, 65_536):
                pass
        if process.wait(timeout=30) or not drawn:
            raise RuntimeError(f"bench: expected {arguments} to draw and to end, found {process.returncode}")
    finally:
        os.close(person)


def cpu_s(
    arguments: Sequence[str], *, run: Run = quietly, runs: int = RUNS, variables: Mapping[str, str] = NOTHING
) -> float:
    """Seconds of CPU that a Python process with these arguments takes, the least of several."""
    least = float("inf")
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(arguments, variables)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        least = min(least, took)
    return least


def command_rows() -> list[Row]:
    """A row for each command."""
    baseline = cpu_s(["-c", BASELINE])

    def row(
        command: str,
        most: float,
        *options: str,
        where: str = "",
        run: Run = quietly,
        runs: int = RUNS,
        variables: Mapping[str, str] = NOTHING,
    ) -> Row:
        took = cpu_s(["run.py", *command.split(), *options], run=run, runs=runs, variables=variables)
        return row_at_most(f"run.py {command}{where}, CPU", took, "s", most, baseline=baseline)

    rows = [row(command, most) for command, most in COMMANDS]
    with tempfile.TemporaryDirectory() as folder:
        rows += [row(command, most, "--data-dir", folder) for command, most in ON_A_FOLDER]
        rows.append(row("stop", 3.0, "--data-dir", folder))
    with tempfile.TemporaryDirectory() as folder, _engine_on(Path(folder)) as venue:
        on = ("--data-dir", f"{folder}/engine")
        rows += [row(command, 3.0, *on, where=" of an engine") for command in OF_AN_ENGINE]
        rows.append(row("top", 3.0, *on, where=" of an engine, one frame", run=until_it_draws))
        rows.append(row("ping", 3.0, *on, where=" of a venue", variables=venue))
        # Once only, because it ends the engine.
        rows.append(row("stop", 3.0, *on, where=" of an engine", runs=1))
    return rows


@contextmanager
def _engine_on(folder: Path) -> Iterator[Mapping[str, str]]:
    """A venue and an engine on it that answers; both have ended after the block. Gives the variables that
    lead to the venue."""
    token = {"CERBERO_BITE_MCP_TOKEN": "a-token-of-the-benchmark"}
    with ExitStack() as ends:
        venue = _started(ends, "venue", "--port", "0", "--data-dir", str(folder / "venue"), **token)
        assert venue.stdout is not None
        url = venue.stdout.readline().strip().partition("=")[2]
        variables = token | {"CERBERO_BITE_MCP_URL": url}
        started = _started(ends, "start", "--data-dir", str(folder / "engine"), **variables)
        assert started.stdout is not None
        if not started.stdout.readline().startswith("running"):
            raise RuntimeError("bench: expected an engine that runs, found one that ended")
        yield variables


def _started(ends: ExitStack, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603  (this project's own starter)
        [sys.executable, "run.py", *arguments],
        cwd=ROOT,
        env=kept_bytecode() | dict(variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )

    def end() -> None:
        process.terminate()
        process.communicate(timeout=30)

    ends.callback(end)
    return process


def main() -> int:
    """Print the rows, keep them, and return 1 if one misses its target."""
    rows = command_rows()
    print_table(rows)
    add_rows(rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
