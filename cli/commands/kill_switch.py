"""`kill-switch status|arm|disarm`: the latch in front of every order."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help='See, arm or disarm the kill switch. Example: run.py kill-switch arm --reason "venue looks wrong"',
)
ReasonOption = Annotated[str, typer.Option(help="Why; written to the KILL file and the audit log.")]


@app.command()
def status(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Show whether it is armed, by whom and why; works without an engine.

    Example: run.py kill-switch status --json
    """
    from cli.kill_switch_files import stored_status
    from cli.views.output import show_fields, show_json, time_text

    found = stored_status(data_dir)
    if as_json:
        show_json(found)
        return
    if not found.armed:
        typer.echo("clear")
        return
    show_fields(
        [
            ("armed", ", ".join(cause.value for cause in found.causes) or "yes"),
            ("since", time_text(found.at)),
            ("by", found.who),
            ("reason", found.reason),
            ("KILL file", "present" if found.file else "missing: the books alone say armed"),
            ("exits", "blocked" if found.exits_blocked else "reduce-only exits allowed"),
        ]
    )


@app.command()
def arm(reason: ReasonOption, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Let no order leave any more. Returns when that is certain; without an engine it writes KILL.

    Example: run.py kill-switch arm --reason "venue looks wrong"
    """
    from cli.kill_switch_files import write_kill_file
    from core.errors import EngineNotRunningError, InputError
    from reading.control_client import operator_name
    from reading.engine_lock import running_engine

    if not reason.strip():
        raise InputError("--reason: expected why the switch is armed, found a blank")
    if not data_dir.is_dir():
        raise InputError(f"--data-dir {data_dir}: expected a folder, found none")
    if running_engine(data_dir) is not None:
        try:
            _tell_engine("ArmKillSwitch", {"reason": reason}, data_dir)
        except EngineNotRunningError:
            # The engine holds the folder but does not listen. It reads KILL at its start and at every permit.
            write_kill_file(data_dir, reason, operator_name())
            typer.echo("armed: the engine does not listen, KILL is written")
            return
        typer.echo("armed: no order leaves any more")
        return
    write_kill_file(data_dir, reason, operator_name())
    typer.echo("armed: no engine runs, KILL is written")


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
    from core.errors import InputError

    if not reason.strip():
        raise InputError("--reason: expected why the switch is disarmed, found a blank")
    body: dict[str, str | bool] = {"reason": reason}
    if accept_audit_break:
        body["accept_audit_break"] = True
    _tell_engine("DisarmKillSwitch", body, data_dir)
    typer.echo("disarmed")


def _tell_engine(message: str, body: dict[str, str] | dict[str, str | bool], data_dir: DataDir) -> None:
    from actors.control.wire import RequestName
    from core.errors import FoundWrongError
    from reading.control_client import exchange, request_of

    request = request_of(RequestName.INJECT, message=message, body={**body}, wait_s=20.0)
    answers = list(exchange(data_dir, request))
    last = answers[-1] if answers else None
    if last is None or last.answer != "InjectDone" or not isinstance(last.body, dict):
        raise FoundWrongError(
            f"{message}: the engine has not confirmed it within 20 s; see kill-switch status"
        )
    if last.body.get("answer") == "Refused":
        raise FoundWrongError(f"{message}: {last.body.get('body')}")
