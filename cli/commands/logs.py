"""`logs`: what the engine has written to its log."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, ROWS_MAX, DataDir, whole_option
from cli.views.say import say

if TYPE_CHECKING:
    from reading.log_lines import Follower, LogLine

app = typer.Typer(rich_markup_mode=None)
LOOK_EVERY_S = 0.5
VALUE_LENGTH_MAX = 300
"""Characters of a value that a person is shown: the line of a start holds all settings."""


class LogLevel(StrEnum):
    """The levels of a log, as `--level` takes them."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


@app.command()
def logs(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    limit: Annotated[
        int, whole_option(1, ROWS_MAX, "--limit", "-n", text="Show so many of the last lines.")
    ] = 100,
    level: Annotated[
        LogLevel, typer.Option("--level", help="Show this level and what is worse.")
    ] = LogLevel.DEBUG,
    cycle: Annotated[
        str | None,
        typer.Option(
            "--cycle", metavar="ID", help="Show only what was done under this id (a cycle, a message)."
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is written from now on, until Ctrl-C.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Show the lines as they are: one JSON object each.")
    ] = False,
) -> None:
    """Show the engine's log: its last lines, oldest first. It needs no running engine.

    Example: run.py logs --level warning --follow
    """
    from collections import deque

    from reading.log_lines import LEVELS, Follower, log_lines

    worst = LEVELS.index(level)

    def wanted(line: LogLine) -> bool:
        # A line that is no record has no level: it is shown, whatever it is.
        rank = LEVELS.index(line.level) if line.level in LEVELS else len(LEVELS)
        return rank >= worst and (cycle is None or line.is_of(cycle))

    show = _as_it_is if as_json else _for_a_person
    follower = Follower(data_dir) if follow else None
    for line in deque(filter(wanted, log_lines(data_dir)), maxlen=limit):
        show(line)
    if follower is not None:
        _go_on(follower, wanted, show)


def _go_on(follower: Follower, wanted: Callable[[LogLine], bool], show: Callable[[LogLine], None]) -> None:
    from threading import Event

    waiting = Event()
    try:
        while True:
            for line in filter(wanted, follower.new_lines()):
                show(line)
            waiting.wait(LOOK_EVERY_S)
    except KeyboardInterrupt:
        return
    finally:
        follower.close()


def _as_it_is(line: LogLine) -> None:
    say(line.json_line)


def _for_a_person(line: LogLine) -> None:
    said = f"{line.at[:19]}  {line.level.upper():<8}  {line.logger}: {line.event}"
    under = [f"[{line.correlation}]"] if line.correlation else []
    more = [f"{key}={_beginning(str(value))}" for key, value in line.more.items() if key != "exception"]
    say(" ".join([said, *under, *more]))
    for traced in str(line.more.get("exception", "")).splitlines():
        say(f"    {traced}")


def _beginning(value: str) -> str:
    return value if len(value) <= VALUE_LENGTH_MAX else f"{value[:VALUE_LENGTH_MAX]}… (--json shows it whole)"
