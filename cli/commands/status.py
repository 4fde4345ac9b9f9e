"""`status`: the engine on one screen, its verdict first."""

from __future__ import annotations

from pathlib import Path

import typer

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir

app = typer.Typer(rich_markup_mode=None)


@app.command()
def status(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Show on one screen whether you have to do anything, and how engine, positions and account stand.

    The first word is OK, LOOK (when you have time) or ACT (now). Without a running engine it says what the
    folder knows, and ends with exit code 3.

    Example: run.py status --data-dir data
    """
    from core.errors import CerberoError
    from reading.control_client import is_refusal
    from reading.engine_status import engine_status

    try:
        found = engine_status(data_dir)
    except CerberoError as error:
        if not as_json and data_dir.is_dir():
            _show_what_the_folder_says(data_dir, str(error), refuses=is_refusal(error))
        raise
    if as_json:
        from cli.views.output import show_json
        from core.status.verdict import entry_blocked, verdict
        from reading.json_forms import position_json

        show_json(
            {
                **found.model_dump(mode="json"),
                "positions": [position_json(position) for position in found.positions],
                "verdict": verdict(found).model_dump(mode="json"),
                "entry_blocked": list(entry_blocked(found)),
            }
        )
    else:
        from cli.views.status_page import show_status

        show_status(found)


def _show_what_the_folder_says(data_dir: Path, why: str, *, refuses: bool) -> None:
    """The verdict on a folder whose engine does not answer."""
    from cli.views.painted import page_width, show_lines
    from cli.views.screen import verdict_lines
    from reading.without_engine import folder_verdict

    verdict = folder_verdict(data_dir, why, refuses=refuses)
    show_lines(verdict_lines(verdict, page_width(), most=len(verdict.findings)))
