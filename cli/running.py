"""`status`, `healthcheck` and `stop`: what a person asks of the running engine."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir

app = typer.Typer(rich_markup_mode=None)


@app.command()
def status(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Show the running engine on one page: mode, kill switch, actors, positions, next jobs.

    Example: run.py status --json
    """
    from actors.control.wire import RequestName
    from cli.output import show_json
    from cli.status_page import show_status
    from core.messages.control import EngineStatus
    from reading.control_client import ask_engine, request_of

    found = ask_engine(data_dir, request_of(RequestName.STATUS), EngineStatus)
    if as_json:
        show_json(found)
    else:
        show_status(found)


@app.command()
def healthcheck(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Ask the engine whether every part of it works; exit code 1 where one does not.

    Example: run.py healthcheck --data-dir data
    """
    from actors.control.wire import RequestName
    from cli.output import show_json
    from core.errors import FoundWrongError
    from core.messages.control import Healthcheck
    from reading.control_client import ask_engine, request_of

    found = ask_engine(data_dir, request_of(RequestName.HEALTHCHECK), Healthcheck)
    if as_json:
        show_json(found)
    else:
        for note in found.notes:
            typer.echo(f"note: {note}")
    if not found.ok:
        raise FoundWrongError("; ".join(found.problems))
    if not as_json:
        typer.echo("healthy")


@app.command()
def stop(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    reason: Annotated[str, typer.Option(help="Written to the audit log.")] = "asked by the operator",
) -> None:
    """Stop the running engine in good order; returns when it has let the data folder go.

    Example: run.py stop --reason "maintenance"
    """
    from actors.control.wire import RequestName
    from cli.data_folder import wait_until_free
    from core.errors import FoundWrongError
    from core.messages.control import EngineStopping
    from reading.control_client import ask_engine, request_of

    ask_engine(data_dir, request_of(RequestName.STOP, reason=reason), EngineStopping)
    if not wait_until_free(data_dir, timeout_s=15.0):
        raise FoundWrongError("the engine accepted the stop but still runs after 15 s")
    typer.echo("stopped")
