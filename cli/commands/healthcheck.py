"""`healthcheck`: does every part of the running engine work?"""

from __future__ import annotations

import typer

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from cli.views.say import say

app = typer.Typer(rich_markup_mode=None)


@app.command()
def healthcheck(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Ask the engine whether every part of it works; exit code 1 if one does not.

    Example: run.py healthcheck --data-dir data
    """
    from actors.control.wire import RequestName
    from cli.views.output import show_json
    from core.errors import FoundWrongError
    from core.messages.control import Healthcheck
    from reading.control_client import ask_engine, request_of
    from reading.engine_status import STATUS_S

    found = ask_engine(data_dir, request_of(RequestName.HEALTHCHECK), Healthcheck, answer_s=STATUS_S)
    if as_json:
        show_json(found)
    else:
        for note in found.notes:
            say(f"note: {note}")
    if not found.ok:
        raise FoundWrongError("; ".join(found.problems))
    if not as_json:
        say("healthy")
