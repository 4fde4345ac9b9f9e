"""`top`: the live view of a running engine, drawn anew every second."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, DataDir, number_option

app = typer.Typer(rich_markup_mode=None)


@app.command()
def top(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    every_s: Annotated[
        float, number_option(0.2, 3600, "--every", text="How many seconds to wait between two looks.")
    ] = 1.0,
) -> None:
    """Watch a running engine on one screen that is drawn anew every second; q or Ctrl-C ends the view
    alone.

    It shows what run.py status shows, and on a large terminal every actor. If the engine ends meanwhile, the
    view says so and ends with exit code 3.

    Example: run.py top --data-dir data
    """
    from cli.watching import watch_on_terminal

    watch_on_terminal(data_dir, every_s)
