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
    from core.errors import EngineNotRunningError, NoAnswerError
    from reading.asked_status import ask_status

    try:
        found = ask_status(data_dir)
    except (EngineNotRunningError, NoAnswerError) as error:
        if not as_json and data_dir.is_dir():
            _show_what_the_folder_says(data_dir, str(error))
        raise
    if as_json:
        from cli.views.output import show_json
        from core.status.verdict import entry_blocked, verdict

        show_json(
            {
                **found.model_dump(mode="json"),
                "verdict": verdict(found).model_dump(mode="json"),
                "entry_blocked": list(entry_blocked(found)),
            }
        )
    else:
        from cli.views.status_page import show_status

        show_status(found)


def _show_what_the_folder_says(data_dir: Path, why: str) -> None:
    """The verdict on a folder whose engine does not answer."""
    from actors.audit.files import AUDIT_FOLDER, audit_files
    from cli.data_folder import is_paper_folder
    from cli.kill_switch_files import stored_status
    from cli.views.painted import page_width, show_lines
    from cli.views.screen import verdict_lines
    from core.errors import CerberoError
    from core.status.folder_verdict import verdict_without_engine
    from reading.books import has_books, stored_positions
    from reading.engine_lock import running_engine

    open_positions, armed_by, damage = None, None, None
    try:
        if has_books(data_dir):
            open_positions = len(stored_positions(data_dir, everything=False))
        switch = stored_status(data_dir)
        armed_by = switch.causes if switch.armed else None
    except CerberoError as error:
        damage = str(error)
    engine = running_engine(data_dir)
    verdict = verdict_without_engine(
        why=why,
        silent_pid=None if engine is None else engine.pid,
        is_paper=is_paper_folder(data_dir),
        open_positions=open_positions,
        armed_by=armed_by,
        damage=damage,
        has_log=any(audit_files(data_dir / AUDIT_FOLDER)),
        data_dir=str(data_dir),
    )
    show_lines(verdict_lines(verdict, page_width(), most=len(verdict.findings)))
