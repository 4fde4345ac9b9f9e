"""`inject`: an operator's message to the running engine, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir, WaitS, Yes
from cli.views.say import say

if TYPE_CHECKING:
    from pydantic import JsonValue

    from actors.control.injectable import InjectableField

app = typer.Typer(rich_markup_mode=None)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def inject(
    context: typer.Context,
    message: Annotated[str | None, typer.Argument(help="The message's name, as --list shows it.")] = None,
    list_all: Annotated[bool, typer.Option("--list", help="Show every message with its fields.")] = False,
    wait_s: WaitS = 120.0,
    yes: Yes = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Send a message to the running engine and show what it led to. Its fields are options.

    What trades, restarts or resumes asks first. Ends with 4 if the message is still under way after the wait;
    an alert then tells its end.

    Example: run.py inject ClosePosition --position ID --reason "closing by hand"
    """
    from actors.control.injectable import INJECTABLE, check
    from cli.sending import send
    from core.errors import InputError
    from core.text import encodable

    if list_all:
        _show_list(as_json)
        return
    if message is None:
        raise InputError(f"inject: expected a message's name, one of {', '.join(sorted(INJECTABLE))}")
    body = fields_of(message, [encodable(argument) for argument in context.args])
    check(message, body)
    send(message, body, data_dir=data_dir, yes=yes, wait_s=wait_s, as_json=as_json)


def fields_of(message: str, arguments: list[str]) -> dict[str, JsonValue]:
    """The message's fields from `--some-field VALUE`, `--some-field=VALUE` or a bare `--flag`.

    A trailing `_id` may be left out: `--position` means `position_id`. What takes several has commas between
    them. Raises InputError for anything else.
    """
    from actors.control.injectable import INJECTABLE, LISTED
    from core.errors import InputError

    fields = INJECTABLE[message].fields if message in INJECTABLE else ()
    known = {field.name for field in fields}
    texts = {field.name for field in fields if not field.is_switch}
    lists = {field.name for field in fields if field.takes == LISTED}
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
            raise InputError(f"inject {message}: {option} is given twice")
        body[name] = [*value.split(",")] if name in lists else value
    return body


def _show_list(as_json: bool) -> None:
    from actors.control.injectable import INJECTABLE, option_of
    from cli.views.output import show_json

    if as_json:
        show_json(
            {
                item.name: {
                    "purpose": item.purpose,
                    "fields": [
                        {"name": f.name, "takes": f.takes, "required": f.required, "default": f.default}
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
            option = f"{option_of(field.name)} {field.takes}".rstrip()
            say(f"    {option if field.required else f'[{option}]'}{_if_left_out(field)}")


def _if_left_out(field: InjectableField) -> str:
    return "" if field.default is None else f" {field.default} if it is left out"
