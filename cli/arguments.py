"""What a person types may be any bytes; commands get text that can be written anywhere."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any

from cli.hung_folder import HangWatch
from cli.views.say import speak_of
from core.text import encodable


def with_clean_texts(command: Any, name: str) -> Any:
    """Have a command, or every command of a group, take its text arguments escaped, and its folder watched.

    Paths stay as they are: a file's name is bytes. `name` is the first word that was typed.
    """
    for one in getattr(command, "commands", {}).values() or (command,):
        if one.callback is not None:
            one.callback = _escaping(one.callback, name)
    return command


def _escaping(callback: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(callback)
    def escaped(**arguments: Any) -> Any:
        # What it says from here on names the folder that it was given.
        data_dir = arguments.get("data_dir")
        speak_of(data_dir)
        with nullcontext() if data_dir is None else HangWatch(data_dir, name).watching():
            return callback(**{key: _clean(value) for key, value in arguments.items()})

    return escaped


def _clean(value: Any) -> Any:
    match value:
        case str():
            return encodable(value)
        case list():
            return [_clean(one) for one in value]
        case _:
            return value
