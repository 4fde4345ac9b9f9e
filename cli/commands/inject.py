"""`inject`: an operator's message to the running engine, by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir, number_option
from cli.views.say import say

if TYPE_CHECKING:
    from actors.control.wire import ControlAnswer

app = typer.Typer(rich_markup_mode=None)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def inject(
    context: typer.Context,
    message: Annotated[str | None, typer.Argument(help="The message's name, as --list shows it.")] = None,
    list_all: Annotated[bool, typer.Option("--list", help="Show every message with its fields.")] = False,
    wait_s: Annotated[
        float, number_option(0, 86_400, "--wait", text="How many seconds to wait for the end.")
    ] = 120.0,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Send a message to the running engine and show what it led to. Its fields are options.

    Example: run.py inject ClosePosition --position ID --reason "closing by hand"
    """
    from actors.control.injectable import INJECTABLE, check
    from actors.control.wire import RequestName
    from core.errors import FoundWrongError, InputError
    from core.text import encodable
    from reading.control_client import exchange, request_of

    if list_all:
        _show_list(as_json)
        return
    if message is None:
        raise InputError(f"inject: expected a message's name, one of {', '.join(sorted(INJECTABLE))}")
    body = fields_of(message, [encodable(argument) for argument in context.args])
    check(message, body)
    last = None
    request = request_of(RequestName.INJECT, message=message, body=body, wait_s=wait_s)
    for last in exchange(data_dir, request):
        if last.more and not as_json:
            say(under_way(last))
    if last is None or not isinstance(last.body, dict):
        raise FoundWrongError("engine: the connection ended without an answer")
    if last.answer == "InjectAccepted":
        outcome: dict[str, JsonValue] = {**last.body, "answer": None}
    else:
        outcome = {**last.body, "body": json.loads(str(last.body["body"]))}
    _show_outcome(outcome, wait_s, as_json)


def under_way(line: ControlAnswer) -> str:
    """What a line says of a message that has not ended: that it is on disk only if it is."""
    body = line.body if isinstance(line.body, dict) else {}
    if line.answer == "InjectWaits":
        return f"under way: {body.get('text')}"
    if body.get("on_disk") is True:
        return "accepted and on disk, waiting for its end"
    return "taken, and not done before it is answered; waiting for the answer"


def fields_of(message: str, arguments: list[str]) -> dict[str, JsonValue]:
    """The message's fields from `--some-field VALUE`, `--some-field=VALUE` or a bare `--flag`.

    A trailing `_id` may be left out: `--position` means `position_id`. Raises InputError for anything else.
    """
    from actors.control.injectable import INJECTABLE
    from core.errors import InputError

    fields = INJECTABLE[message].fields if message in INJECTABLE else ()
    known = {field.name for field in fields}
    texts = {field.name for field in fields if field.type_name != "bool"}
    body: dict[str, JsonValue] = {}
    rest = list(arguments)
    while rest:
        option = rest.pop(0)
        if not option.startswith("--"):
            raise InputError(f"inject {message}: expected --FIELD VALUE, found {option!r}")
        name, equals, value = option[2:].replace("-", "_").partition("=")
        if name not in known and f"{name}_id" in known:
            name = f"{name}_id"
        if equals:
            value = option.partition("=")[2]
        elif rest and not rest[0].startswith("--"):
            value = rest.pop(0)
        elif name in texts:
            raise InputError(f"inject {message}: {option}: expected a value, found none")
        else:
            value = "true"
        if name in body:
            raise InputError(f"inject {message}: --{name} is given twice")
        body[name] = value
    return body


def _show_list(as_json: bool) -> None:
    from actors.control.injectable import INJECTABLE
    from cli.views.output import show_json

    if as_json:
        show_json(
            {
                item.name: {
                    "purpose": item.purpose,
                    "fields": [
                        {"name": f.name, "type": f.type_name, "required": f.required, "default": f.default}
                        for f in item.fields
                    ],
                }
                for item in INJECTABLE.values()
            }
        )
        return
    for item in sorted(INJECTABLE.values(), key=lambda item: item.name):
        say(item.name, f"    {item.purpose}")
        for field in item.fields:
            how = "required" if field.required else f"default {field.default}"
            say(f"    --{field.name.replace('_', '-')} {field.type_name} ({how})")


def _show_outcome(outcome: dict[str, JsonValue], wait_s: float, as_json: bool) -> None:
    from cli.views.output import show_fields, show_json
    from core.errors import FoundWrongError

    if as_json:
        show_json(outcome)
    answer, body = outcome.get("answer"), outcome.get("body")
    if answer is None:
        name = f"{outcome['message']} {outcome['request_id']}"
        if outcome.get("on_disk") is not True:
            raise FoundWrongError(
                f"{name}: no answer within {wait_s:g} s; it is not known whether it is done"
            )
        if not as_json:
            say(f"{name}: on disk and under way after {wait_s:g} s; an alert will tell its end")
        return
    fields = body if isinstance(body, dict) else {}
    if not as_json:
        say(f"{outcome['message']} led to {answer}")
        show_fields((name, _plain(value)) for name, value in fields.items() if value not in ("", None, []))
    unknown_position = answer == "ExitEnded" and fields.get("state") is None
    not_run = fields.get("outcome") in ("expired", "interrupted")
    if answer == "Refused" or unknown_position or not_run or str(answer).endswith("Failed"):
        reasons = fields.get("reasons")
        raise FoundWrongError("; ".join(map(str, reasons)) if isinstance(reasons, list) else str(answer))
    if fields.get("not_on_disk") is not None:
        raise FoundWrongError(f"armed in memory only: KILL could not be laid: {fields['not_on_disk']}")


def _plain(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)
