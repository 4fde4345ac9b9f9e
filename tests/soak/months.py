"""Months of the real engine against the paper venue with faults: what process and folder cost, by market day.

`python -m tests.soak.months [DAYS]` prints the table that `docs/reliability.md` shows.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Final

from actors.control.wire import RequestName
from core.messages.engine_status import EngineStatus
from reading.control_client import ask_engine, request_of
from tests.cli.support import Ran, ended, started

DAYS: Final = 90
SETTLED_DAY: Final = 5
"""By then every cache and ring has been filled."""
MONTH: Final = 30
SHOWN: Final = (1, 5, 10, 30, 60, 90)
FAULTS: Final = (
    *("all:http_503:0.01", "all:cut:0.005", "all:truncated:0.005", "all:timeout_after:0.002"),
    *("venue:reject:0.05", "deribit:partial_silent:0.1", "deribit:fill_after_cancel:0.1"),
    *("deribit:crash:0.001", "deribit:venue_restart:0.0001"),
)
STATUS_S: Final = 60.0
LAST_S: Final = 120.0
_DAY_LINE: Final = re.compile(r"\d{4}-\d{2}-\d{2} ")


@dataclass(frozen=True)
class Sample:
    """What the engine's process and its folder are at the end of a market day; sizes in bytes.

    `written` is what the process has given to the disk since its start, `cpu_s` what it has computed.
    """

    day: int
    resident: int
    threads: int
    descriptors: int
    mailbox: int
    wal: int
    folder: int
    written: int
    cpu_s: float
    armed: bool


@contextmanager
def paper_months(folder: Path, days: int, seed: int = 20) -> Iterator[Popen[str]]:
    """`run.py paper` on threads, its venue a process of its own; a little longer than the last midnight."""
    faults = [word for fault in FAULTS for word in ("--fault", fault)]
    arguments = ("paper", "--no-ui", "--days", f"{days}.05", "--seed", str(seed), "--data-dir", str(folder))
    process = started(*arguments, *faults, "--json", f"{folder}.json", stdout=sys.stderr)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate()


def samples(folder: Path, process: Popen[str]) -> Iterator[Sample]:
    """One sample a market day. An arming is lifted, as a person would do it, so that it goes on trading."""
    assert process.stderr is not None
    day = 0
    for line in process.stderr:
        if _DAY_LINE.match(line):
            day += 1
            status = ask_engine(folder, request_of(RequestName.STATUS), EngineStatus, answer_s=STATUS_S)
            yield sample(day, folder, process.pid, status)
            if status.kill_switch is not None and status.kill_switch.armed:
                disarm(folder)


def sample(day: int, folder: Path, pid: int, status: EngineStatus) -> Sample:
    """The figures of now, by /proc, the folder and the engine's own word."""
    proc = Path(f"/proc/{pid}")
    fields = dict(
        re.findall(
            r"(?m)^(\w+):\s+(\d+)", (proc / "status").read_text("utf-8") + (proc / "io").read_text("utf-8")
        )
    )
    ticks = (proc / "stat").read_text("utf-8").rpartition(")")[2].split()[11:13]
    return Sample(
        day=day,
        resident=int(fields["VmRSS"]) * 1024,
        threads=int(fields["Threads"]),
        descriptors=len(list((proc / "fd").iterdir())),
        mailbox=max(cell.mailbox_depth for cell in status.cells),
        wal=sum(size_of(file) for file in folder.glob("*-wal")),
        folder=sum(size_of(Path(inside, name)) for inside, _, names in os.walk(folder) for name in names),
        written=int(fields["write_bytes"]),
        cpu_s=sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"),
        armed=status.kill_switch is not None and status.kill_switch.armed,
    )


def size_of(file: Path) -> int:
    """Its length; 0 for a folder, and for what was removed meanwhile.

    So must the walk be that finds it, and `os.walk` is: the engine removes its oldest backup at any moment.
    """
    try:
        return file.stat().st_size if file.is_file() else 0
    except FileNotFoundError:
        return 0


def disarm(folder: Path) -> Ran:
    reason = ("--reason", "the soak goes on")
    return ended(started("kill-switch", "disarm", *reason, "--data-dir", str(folder)), LAST_S)


def table(taken: list[Sample]) -> str:
    """Markdown, as in the documentation; "a day" is the mean since the row before."""
    columns = ("after day", "resident", "threads", "descriptors", "mailbox", "journals", "data folder")
    lines = [f"| {' | '.join((*columns, 'written a day', 'CPU a day'))} |", "|---" * (len(columns) + 2) + "|"]
    before: Sample | None = None
    for each in (each for each in taken if each.day in SHOWN):
        days = each.day - (before.day if before else 0)
        written = (each.written - (before.written if before else 0)) / days
        cpu_s = (each.cpu_s - (before.cpu_s if before else 0.0)) / days
        whole = (each.day, megabytes(each.resident), each.threads, each.descriptors, each.mailbox)
        cells = (*whole, megabytes(each.wal), megabytes(each.folder), megabytes(written), f"{cpu_s:.1f} s")
        lines.append(f"| {' | '.join(map(str, cells))} |")
        before = each
    return "\n".join(lines)


def megabytes(size: float) -> str:
    return f"{size / 1e6:.1f} MB"


def main() -> int:
    """Run so many days and print the table."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else DAYS
    with tempfile.TemporaryDirectory() as place, paper_months(Path(place) / "data", days) as process:
        taken = list(samples(Path(place) / "data", process))
        code = process.wait(LAST_S)
    sys.stdout.write(f"{table(taken)}\narmed at the end of {sum(each.armed for each in taken)} days\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
