"""`close`: buy back one position, or all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir, WaitS, Yes

if TYPE_CHECKING:
    from pydantic import JsonValue

app = typer.Typer(rich_markup_mode=None)


@app.command()
def close(
    reason: Annotated[str, typer.Option(help="Why; written to the audit log.")],
    position: Annotated[str | None, typer.Argument(help="Its id, as `state positions` shows it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Close every open position.")] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Pause entries first, until `resume`.")] = False,
    yes: Yes = False,
    wait_s: WaitS = 120.0,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Close one position or all, with reduce-only exits that are retried until nothing is left.

    It asks first. After `--all` entries go on unless `--pause` is given.

    Example: run.py close --all --pause --reason "going on holiday"
    """
    from actors.control.injectable import check
    from cli.sending import ask_first, send
    from core.errors import InputError
    from core.text import encodable

    if everything == (position is not None):
        raise InputError(
            "close: expected a position's id or --all, found " + ("both" if everything else "none")
        )
    because = encodable(reason)
    name = "CloseAll" if everything else "ClosePosition"
    body: dict[str, JsonValue] = {"reason": because}
    if position is not None:
        body["position_id"] = encodable(position)
    check(name, body)
    ask_first(name, body, yes=yes)
    if pause:
        send("PauseEntries", {"reason": because}, data_dir=data_dir, yes=True, wait_s=wait_s, as_json=as_json)
    send(name, body, data_dir=data_dir, yes=True, wait_s=wait_s, as_json=as_json)
