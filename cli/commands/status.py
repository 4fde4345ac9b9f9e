"""`status`: the running engine on one page."""

from __future__ import annotations

import typer

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir

app = typer.Typer(rich_markup_mode=None)


@app.command()
def status(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Show the running engine on one page: mode, kill switch, actors, positions, next jobs.

    Example: run.py status --json
    """
    from actors.control.wire import RequestName
    from cli.views.output import show_json
    from cli.views.status_page import show_status
    from core.messages.control import EngineStatus
    from reading.control_client import ask_engine, request_of

    found = ask_engine(data_dir, request_of(RequestName.STATUS), EngineStatus)
    if as_json:
        show_json(found)
    else:
        show_status(found)
