"""`resume`: positions may be opened again that a person or the protections have stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir, WaitS, Yes

if TYPE_CHECKING:
    from pydantic import JsonValue

app = typer.Typer(rich_markup_mode=None)


@app.command()
def resume(
    reason: Annotated[str, typer.Option(help="Why; written to the audit log.")],
    source: Annotated[
        str | None,
        typer.Option(metavar="operator|protections", help="Lift only what this one has blocked; else both."),
    ] = None,
    yes: Yes = False,
    wait_s: WaitS = 120.0,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Let positions be opened again after `pause` or a protection, and say what still blocks entries.

    It asks first, and never disarms: `kill-switch disarm` does.

    Example: run.py resume --reason "the venue is fine"
    """
    from actors.control.injectable import check
    from cli.sending import send
    from core.text import encodable

    body: dict[str, JsonValue] = {"reason": encodable(reason)}
    if source is not None:
        body["source"] = encodable(source)
    check("ResumeEntries", body)
    send("ResumeEntries", body, data_dir=data_dir, yes=yes, wait_s=wait_s, as_json=as_json)
