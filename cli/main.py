"""The command line. A command's module is imported only when needed, so that small commands start fast."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from cli.arguments import with_clean_texts
from cli.exit_codes import ExitCode, exit_code_of
from core.errors import CerberoError
from core.text import encodable
from reading.errors import DataFolderError

GROUPS = {
    "audit": "cli.commands.audit",
    "calc": "cli.commands.calc",
    "config": "cli.commands.config",
    "data": "cli.commands.data",
    "kill-switch": "cli.commands.kill_switch",
    "state": "cli.commands.state",
}
"""Commands with commands below them."""

COMMANDS = {
    "paper": "cli.commands.paper",
    "venue": "cli.commands.venue",
    "start": "cli.commands.start",
    "dry-run": "cli.commands.dry_run",
    "stop": "cli.commands.stop",
    "status": "cli.commands.status",
    "healthcheck": "cli.commands.healthcheck",
    "ping": "cli.commands.ping",
    "inject": "cli.commands.inject",
    "trace": "cli.commands.trace",
    "explain": "cli.commands.explain",
}
"""Commands that stand alone, by the module whose `app` holds them."""


class LazyGroup(TyperGroup):
    """Looks commands up by name and imports only the module of the one that runs."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  (typer's signature)
        return [*COMMANDS, *GROUPS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in GROUPS:
            group = get_group(importlib.import_module(GROUPS[cmd_name]).app)
            group.name = cmd_name
            return with_clean_texts(group)
        if cmd_name in COMMANDS:
            group = get_group(importlib.import_module(COMMANDS[cmd_name]).app)
            return with_clean_texts(group.get_command(ctx, cmd_name))
        return None

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The reader (`head`, say) has seen enough. That is no failure, though the group treats it as one.
            # Without this, Python would report the broken pipe again when it flushes stdout at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(ExitCode.OK) from None


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Cerbero Bite sells ETH option credit spreads by rule. Example: run.py paper --days 28 --seed 1",
)


@app.callback()
def _root() -> None:
    """The options of the commands are their own; there are none above them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. An expected error is one clear line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # A folder's name may be any bytes.
    try:
        app(args=None if argv is None else list(argv), prog_name="run.py")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else ExitCode.OK
    except CerberoError as error:
        # Here the folder is an option, which `reading` can't name because it has no command line.
        option = "--data-dir " if isinstance(error, DataFolderError) else ""
        sys.stderr.write(encodable(f"error: {option}{error}\n"))
        return exit_code_of(error)
    except OSError as error:
        # An error of the machine (a full disk, a folder without permission), which its owner has to fix.
        where = f"{error.filename}: " if error.filename is not None else ""
        sys.stderr.write(encodable(f"error: {where}{error.strerror or error}\n"))
        return ExitCode.BAD_INPUT
    return ExitCode.OK
