"""What a person types may be any bytes; commands get text that can be written anywhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from cli.views.say import speak_of
from core.text import encodable


def with_clean_texts(command: Any) -> Any:
    """Have a command, or every command of a group, take its text arguments escaped.

    Paths stay as they are: a file's name is bytes.
    """
    for one in getattr(command, "commands", {}).values() or (command,):
        if one.callback is not None:
            one.callback = _escaping(one.callback)
    return command


def _escaping(callback: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(callback)
    def escaped(**arguments: Any) -> Any:
        # What it says from here on names the folder that it was given.
        speak_of(arguments.get("data_dir"))
        return callback(**{name: _clean(value) for name, value in arguments.items()})

    return escaped


def _clean(value: Any) -> Any:
    match value:
        case str():
            return encodable(value)
        case list():
            return [_clean(one) for one in value]
        case _:
            return value
