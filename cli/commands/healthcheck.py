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
    from cli.views.output import show_json
    from core.errors import FoundWrongError
    from reading.asked_status import ask_health

    found = ask_health(data_dir)
    if as_json:
        show_json(found)
    else:
        for note in found.notes:
            say(f"note: {note}")
    if not found.ok:
        raise FoundWrongError("; ".join(found.problems))
    if not as_json:
        say("healthy")
