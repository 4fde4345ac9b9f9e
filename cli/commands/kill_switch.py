"""`kill-switch status|arm|disarm`: the latch in front of every order."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from cli.sentences import SentenceGroup
from cli.views.say import say

app = typer.Typer(
    cls=SentenceGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    help='See, arm or disarm the kill switch. Example: run.py kill-switch arm --reason "venue looks wrong"',
)
ReasonOption = Annotated[str, typer.Option(help="Say why; it is written to the KILL file and the audit log.")]


@app.command()
def status(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Show whether it is armed, by whom and why, and which orders leave; works without an engine.

    Example: run.py kill-switch status --json
    """
    from cli.views.output import show_fields, show_json, time_text
    from cli.views.switch_text import latch_text
    from reading.switch.stored import switch_now

    found = switch_now(data_dir)
    if as_json:
        show_json(found)
        return
    if found.engine_problem is not None:
        say(f"the engine does not answer ({found.engine_problem}); this is what KILL and the books say:")
    if not found.armed:
        say("not armed, but entries are blocked" if found.latches else "clear")
        show_fields((f"by {latch.source}", latch_text(latch)) for latch in found.latches)
        return
    show_fields(
        [
            ("armed", ", ".join(cause.value for cause in found.causes)),
            ("since", time_text(found.at)),
            ("by", found.who or "unknown"),
            ("reason", found.reason),
            ("KILL file", "present" if found.file else "missing: the books alone say armed"),
            ("exits", _exits_text(found.exits_blocked)),
            *((f"entries, by {latch.source}", latch_text(latch)) for latch in found.latches),
        ]
    )


@app.command()
def arm(ctx: typer.Context, reason: ReasonOption, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Let no entry leave any more, and exits only if kill_switch.exits allows them (reduce-only, then).

    Lays KILL first, then asks the engine. Returns within 6 s, when no earlier order can be on its way any
    more, whatever the engine does and also if none runs. (A disk that does not answer is told of after 5 s.)

    Example: run.py kill-switch arm --reason "venue looks wrong"
    """
    from core.errors import InputError
    from reading.switch import arming

    if not reason.strip():
        raise InputError("--reason: expected why the switch is armed, found a blank")
    if not data_dir.is_dir():
        raise InputError(f"--data-dir {data_dir}: expected a folder, found none")
    patience = arming.RealPatience(ctx.obj)
    for sentence in arming.arm(data_dir, reason, lambda text: say(text, err=True), patience):
        say(sentence)


@app.command()
def disarm(
    reason: ReasonOption,
    accept_audit_break: Annotated[
        bool, typer.Option("--accept-audit-break", help="Go on with the new chain after a broken one.")
    ] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Let orders leave again. Needs the running engine, because the audit log must say so first.

    Example: run.py kill-switch disarm --reason "checked the venue"
    """
    from cli.disarming import disarm
    from core.errors import InputError

    if not reason.strip():
        raise InputError("--reason: expected why the switch is disarmed, found a blank")
    disarm(data_dir, reason, accept_audit_break=accept_audit_break)
    say("disarmed")


def _exits_text(blocked: bool | None) -> str:
    match blocked:
        case True:
            return "blocked"
        case False:
            return "reduce-only exits allowed"
        case None:
            return "of a running engine kill_switch.exits decides; without one nothing leaves"
