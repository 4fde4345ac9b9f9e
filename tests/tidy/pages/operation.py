"""docs/operation.md: modes, jobs and exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import product
from typing import Any, Final

import typer

import cli.exit_codes
from actors.scheduler.clock_schedule import ClockScheduler
from actors.scheduler.jobs import (
    DIGEST_TIME,
    DIGEST_WEEKDAY,
    KELLY_TIME,
    build_jobs,
    disabled_jobs,
)
from cli.main import COMMANDS, GROUPS, app
from config.environment import ENABLE_DATA_ANALYSIS, ENABLE_STRATEGY
from core.orders.books import Job
from core.strategy import SchedulerSection, Strategy
from core.values import Mode
from tests.tidy.pages.marked import Page, code, table

MODES: Final = tuple(
    Mode(strategy=strategy, data_analysis=data) for strategy, data in product((False, True), repeat=2)
)
DOES: Final[Mapping[Job, str]] = {
    Job.ENTRY: "decides whether to open a position, and opens it",
    Job.MONITOR: "looks at every open position, and closes what is due",
    Job.SETTLEMENT: "books the deliveries of the day",
    Job.KELLY: "recommends a stake from the closed trades; changes nothing",
    Job.DIGEST: "tells what the week brought",
    Job.HEALTH: "probes every router, the venue's clock and the disk",
    Job.BACKUP: "makes a backup of log and books",
    Job.MARKET_SNAPSHOT: "stores a snapshot of the market; checks protections and margin",
}
_CODE = re.compile(r"^(\d+)  (.+(?:\n +.+)*)", re.MULTILINE)
"""A code with its meaning, which goes on in the lines that are indented."""


def modes() -> str:
    rows = (
        (code(mode.name), _word(mode.data_analysis), _word(mode.strategy), ", ".join(_off(mode)) or "none")
        for mode in MODES
    )
    return table(("mode", code(ENABLE_DATA_ANALYSIS), code(ENABLE_STRATEGY), "jobs that are off"), rows)


def jobs() -> str:
    section = Strategy().scheduler
    order = build_jobs(
        ClockScheduler(lambda: datetime(2026, 1, 5, tzinfo=UTC)), section, lambda job, slot, misfired: None
    )
    columns = ("job", "what it does", "due (UTC)", "late by at most", *(code(mode.name) for mode in MODES))
    return table(columns, (tuple(_job(job, section)) for job in order))


def _job(job: Job, section: SchedulerSection) -> Iterator[str]:
    yield code(job.value)
    yield DOES[job]
    yield due(job, section)
    yield f"{section.grace_s:g} s" if job.has_grace else "any time: its last slot still runs"
    yield from ("–" if job in disabled_jobs(mode) else "runs" for mode in MODES)


def due(job: Job, section: SchedulerSection) -> str:
    """When, with the defaults, and by which keys of `scheduler`."""
    match job:
        case Job.ENTRY:
            return f"{section.entry_weekday} {section.entry_time} (`entry_weekday`, `entry_time`)"
        case Job.MONITOR:
            return f"daily {' and '.join(section.monitor_times)} (`monitor_times`)"
        case Job.SETTLEMENT:
            return f"daily {section.settlement_time} (`settlement_time`)"
        case Job.KELLY:
            return f"day {section.kelly_day} of the month {KELLY_TIME} (`kelly_day`)"
        case Job.DIGEST:
            return f"{DIGEST_WEEKDAY} {DIGEST_TIME}"
        case Job.HEALTH:
            return f"every {section.health_every_min} min (`health_every_min`)"
        case Job.BACKUP:
            return f"every {section.backup_every_min} min (`backup_every_min`)"
        case Job.MARKET_SNAPSHOT:
            return f"every {section.snapshot_every_min} min (`snapshot_every_min`)"


def commands() -> str:
    """Every command with the first sentence of its help, groups by their commands."""
    return table(("command", "what it does"), sorted(_commands()))


def _commands() -> Iterator[tuple[str, str]]:
    root: Any = typer.main.get_command(app)
    context = root.make_context("run.py", [], resilient_parsing=True)
    for name in (*COMMANDS, *GROUPS):
        command = root.get_command(context, name)
        for path, each in [
            (f"{name} {sub}", one) for sub, one in getattr(command, "commands", {}).items()
        ] or [(name, command)]:
            said = " ".join((each.help or "").split("\n\n")[0].split())
            yield code(f"run.py {path}"), said.partition("; ")[0].partition(". ")[0].rstrip(".:")


def exit_codes() -> str:
    return table(("code", "meaning"), _CODE.findall(cli.exit_codes.__doc__ or ""))


def _word(on: bool) -> str:
    return "true" if on else "false"


def _off(mode: Mode) -> Iterator[str]:
    return (code(job.value) for job in disabled_jobs(mode))


PAGE = Page("operation.md", {"Modes": modes, "Jobs": jobs, "Commands": commands, "Exit codes": exit_codes})
