"""Every message is a command, an event or a query with a name of its own; requests are documented."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import pytest

import core.messages
from core.messages.base import Answered, Command, Event, Message, Query

MODULES = [
    importlib.import_module(f"core.messages.{info.name}")
    for info in pkgutil.iter_modules(core.messages.__path__)
]
MESSAGES = sorted(
    {
        value
        for module in MODULES
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Message)
        and value.__module__ == module.__name__
        and value not in (Message, Answered, Command, Event, Query)
    },
    key=lambda message: message.__qualname__,
)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)
def test_a_message_is_a_command_an_event_or_a_query(message: type[Message]) -> None:
    kinds = [kind for kind in (Command, Event, Query) if issubclass(message, kind)]
    assert len(kinds) == 1


@pytest.mark.parametrize(
    "message", [m for m in MESSAGES if issubclass(m, Command | Query)], ids=lambda message: message.__name__
)
def test_what_asks_for_something_says_what_it_asks_for(message: type[Message]) -> None:
    assert "__doc__" in vars(message)
    assert (message.__doc__ or "").strip()


def test_names_are_unique_over_the_whole_language() -> None:
    names = [message.__name__ for message in MESSAGES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)
def test_no_message_makes_up_its_own_ids_or_times(message: type[Message]) -> None:
    assert all(
        info.default_factory is None or info.default_factory in (list, dict)
        for info in message.model_fields.values()
    )


@pytest.mark.parametrize(
    "message", [m for m in MESSAGES if issubclass(m, Answered)], ids=lambda message: message.__name__
)
def test_what_is_answered_names_its_answers(message: type[Answered[Any]]) -> None:
    assert message.answers
