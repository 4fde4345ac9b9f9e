"""`pause`: no position is opened until somebody resumes entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir, WaitS

if TYPE_CHECKING:
    from pydantic import JsonValue

app = typer.Typer(rich_markup_mode=None)


@app.command()
def pause(
    reason: Annotated[str, typer.Option(help="Why; shown by status, and written to the audit log.")],
    wait_s: WaitS = 120.0,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Open no position any more, until `resume`; open ones are watched and closed as ever.

    It holds at once, and over restarts. An entry that rests at the venue is cancelled. It needs the running
    engine; without one, `kill-switch arm` keeps the next start from trading.

    Example: run.py pause --reason "the venue looks odd"
    """
    from actors.control.injectable import check
    from cli.sending import send
    from core.text import encodable

    body: dict[str, JsonValue] = {"reason": encodable(reason)}
    check("PauseEntries", body)
    send("PauseEntries", body, data_dir=data_dir, yes=True, wait_s=wait_s, as_json=as_json)
