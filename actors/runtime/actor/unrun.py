"""Refuses what a forgotten `await` leaves in the place of a value: code that was called but never ran."""

from __future__ import annotations

from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Final

UNRUN: Final[frozenset[type]] = frozenset({CoroutineType, GeneratorType, AsyncGeneratorType})
"""The types of values whose code has not run."""


def refuse_unrun(value: object, where: str) -> None:
    """Raise TypeError if the value is a coroutine or a generator, whose code would never run."""
    if not isinstance(value, CoroutineType | GeneratorType | AsyncGeneratorType):
        return
    if not isinstance(value, AsyncGeneratorType):
        value.close()
    found = f"{type(value).__name__} {value.__qualname__}"
    raise TypeError(f"{where}: expected a value, found the {found}, which never runs: await it, or start it")


def refuse_unrun_hooks(cls: type, *names: str) -> None:
    """Raise TypeError if the class defines one of these methods so that calling it does not run it."""
    for name in names:
        method = vars(cls).get(name)
        if iscoroutinefunction(method) or isgeneratorfunction(method) or isasyncgenfunction(method):
            raise TypeError(
                f"{cls.__qualname__}.{name}: expected a plain function, found one that would never run; "
                "start what takes many messages as a conversation"
            )
