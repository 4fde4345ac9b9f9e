"""The command line. A command's module is imported only when needed, so that small commands start fast."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer
from typer.main import get_group

from cli import pydantic_alone  # noqa: F401  (first: those below make models)
from cli.arguments import with_clean_texts
from cli.collector import look_no_more
from cli.exit_codes import ExitCode, exit_code_of
from cli.process_age import process_began_s
from cli.sentences import SentenceGroup, first_sentence
from cli.views.say import open_streams, say, speak_of, unwritten
from config.misspelt import unknown_variables
from core.errors import CerberoError
from reading.errors import DataFolderError

GROUPS = {
    "alert": "cli.commands.alert",
    "audit": "cli.commands.audit",
    "calc": "cli.commands.calc",
    "config": "cli.commands.config",
    "contract": "cli.commands.contract",
    "data": "cli.commands.data",
    "gateway": "cli.commands.gateway",
    "kill-switch": "cli.commands.kill_switch",
    "phone": "cli.commands.phone",
    "state": "cli.commands.state",
    "strategy": "cli.commands.strategy",
}
"""Commands with commands below them."""

COMMANDS = {
    "paper": "cli.commands.paper",
    "backtest": "cli.commands.backtest",
    "sweep": "cli.commands.sweep",
    "venue": "cli.commands.venue",
    "start": "cli.commands.start",
    "dry-run": "cli.commands.dry_run",
    "stop": "cli.commands.stop",
    "status": "cli.commands.status",
    "top": "cli.commands.top",
    "healthcheck": "cli.commands.healthcheck",
    "metrics": "cli.commands.metrics",
    "page": "cli.commands.page",
    "ping": "cli.commands.ping",
    "preflight": "cli.commands.preflight",
    "pause": "cli.commands.pause",
    "resume": "cli.commands.resume",
    "close": "cli.commands.close",
    "inject": "cli.commands.inject",
    "simulate": "cli.commands.simulate",
    "report": "cli.commands.report",
    "logs": "cli.commands.logs",
    "trace": "cli.commands.trace",
    "explain": "cli.commands.explain",
}
"""Commands that stand alone, by the module whose `app` holds them."""


STARTER, INSTALLED = "run.py", "cerbero-bite"
"""The names by which a person starts it: the file in the project's folder, and the installed program."""
USAGE_ERROR: Any = typer.BadParameter.__mro__[2]
"""Every error in how a command was called: the base class, which typer does not export."""


class LazyGroup(SentenceGroup):
    """Looks commands up by name and imports only the module of the one that runs."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  (typer's signature)
        return [*COMMANDS, *GROUPS]

    def sentence(self, ctx: Any, name: str) -> str:  # noqa: ARG002  (the base's signature)
        """Without building what the command takes."""
        return first_sentence_of(name)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in GROUPS:
            group = get_group(importlib.import_module(GROUPS[cmd_name]).app)
            group.name = cmd_name
            return with_clean_texts(group, cmd_name)
        if cmd_name in COMMANDS:
            group = get_group(importlib.import_module(COMMANDS[cmd_name]).app)
            return with_clean_texts(group.get_command(ctx, cmd_name), cmd_name)
        return None


def first_sentence_of(name: str) -> str:
    """The first sentence of a command's or a group's help."""
    if name in GROUPS:
        text = importlib.import_module(GROUPS[name]).app.info.help
    else:
        (command,) = importlib.import_module(COMMANDS[name]).app.registered_commands
        text = command.callback.__doc__
    return first_sentence(text)


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Cerbero Bite sells ETH option credit spreads by rule. Example: run.py paper --days 28 --seed 1",
)


def _show_version(asked: bool) -> None:
    if asked:
        from config import DISTRIBUTION, code_version

        say(f"{DISTRIBUTION} {code_version()}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version with the digest of its rules, and exit.",
        ),
    ] = False,
) -> None:
    """The commands have their own options."""
    del version  # Its callback has shown it.


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. An expected error is one clear line on stderr."""
    open_streams()
    if argv is None and sys.argv[1:2]:
        look_no_more(sys.argv[1])
    if argv is None and sys.argv[1:2] == ["page"]:
        # Before typer, with whose first call it would come in.
        from cli import without_openssl  # noqa: F401
    code = _run(argv)
    problem = unwritten()
    if problem is None:
        return code
    say(f"error: standard output: expected room for the answer: {problem.strerror or problem}", err=True)
    return code or ExitCode.BAD_INPUT


def _program_name(argv: Sequence[str] | None) -> str:
    """As which it was started: shells complete the words of the installed program by its own name."""
    started_as = Path(sys.argv[0]).name if argv is None and sys.argv else ""
    return INSTALLED if started_as == INSTALLED else STARTER


def _run(argv: Sequence[str] | None) -> int:
    speak_of(None)
    words = sys.argv[1:] if argv is None else argv
    # An arming does nothing that may wait, as writing to a terminal may, before it is done.
    if words[:1] == ["kill-switch"]:
        code = _ended(argv)
        _warn_of_unknown_variables()
        return code
    if words and (words[0] in COMMANDS or words[0] in GROUPS):
        _warn_of_unknown_variables()
    return _ended(argv)


def _warn_of_unknown_variables() -> None:
    for found in unknown_variables(os.environ):
        say(f"warning: {found}", err=True)


def _ended(argv: Sequence[str] | None) -> int:
    try:
        # Who types a command counts from there. A process that calls this one has its own age.
        began_s = process_began_s() if argv is None else monotonic()
        ended = app(
            args=None if argv is None else list(argv),
            prog_name=_program_name(argv),
            standalone_mode=False,
            obj=began_s,
        )
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.OK
    except typer.Abort:
        say("Aborted!", err=True)
        return ExitCode.FOUND_WRONG
    except CerberoError as error:
        # Here the folder is an option, which `reading` can't name because it has no command line.
        option = "--data-dir " if isinstance(error, DataFolderError) else ""
        first, *others = [str(complaint) for complaint in error.args] or [type(error).__name__]
        say(f"error: {option}{first}", *others, err=True)
        return exit_code_of(error)
    except OSError as error:
        # An error of the machine (a full disk, a folder without permission), which its owner has to fix.
        where = f"{error.filename}: " if error.filename is not None else ""
        say(f"error: {where}{error.strerror or error}", err=True)
        return ExitCode.BAD_INPUT
    except USAGE_ERROR as error:
        words = StringIO()
        error.show(words)
        say(*words.getvalue().rstrip("\n").split("\n"), err=True)
        return int(error.exit_code)
    return ended if isinstance(ended, int) else ExitCode.OK
