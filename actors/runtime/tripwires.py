"""Tripwires: while they are set, guarded code that touches the real world raises.

Whether a module is guarded depends on the first part of its name. Calls of other modules, such as the
standard library's own, go through and are counted; identical traces show in a test that they are harmless.
"""

from __future__ import annotations

import datetime as datetime_module
import os
import random
import secrets
import select
import socket
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

from actors.runtime.errors import TripwireHit

_REAL_DATETIME = datetime_module.datetime
_REAL_DATE = datetime_module.date

WIRED: tuple[tuple[ModuleType, str], ...] = (
    *((time, name) for name in ("time", "time_ns", "monotonic", "monotonic_ns", "sleep")),
    *((time, name) for name in ("perf_counter", "perf_counter_ns", "process_time", "process_time_ns")),
    *((time, name) for name in ("thread_time", "thread_time_ns", "clock_gettime", "clock_gettime_ns")),
    # Not `strftime`: a date is formatted by it.
    *((time, name) for name in ("gmtime", "localtime", "ctime")),
    *(
        (random, name)
        for name in ("random", "randint", "randrange", "uniform", "choice", "shuffle", "sample")
    ),
    *((random, name) for name in ("getrandbits", "gauss", "seed")),
    *((uuid, name) for name in ("uuid1", "uuid4")),
    *((secrets, name) for name in ("token_hex", "token_bytes", "token_urlsafe", "randbelow", "choice")),
    *((os, name) for name in ("urandom", "getrandom", "popen", "system")),
    *((subprocess, name) for name in ("run", "call", "check_call", "check_output")),
    (select, "select"),
    *((socket, name) for name in ("socket", "create_connection", "getaddrinfo", "gethostname")),
)


class Passed:
    """Counts the calls of unguarded code while the wires were set, by (module, function)."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()


def _guarded_caller(guarded: tuple[str, ...], passed: Passed, what: str) -> None:
    """Raise TripwireHit if the code two frames up is guarded, otherwise count the call."""
    frame = sys._getframe(2)
    module = str(frame.f_globals.get("__name__", "?"))
    if module.partition(".")[0] in guarded:
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        raise TripwireHit(f"{module} called {what} inside a simulation, at {place}; use the context instead")
    passed.counts[(module, what)] += 1


def _wire(
    real: Callable[..., Any], what: str, guarded: tuple[str, ...], passed: Passed
) -> Callable[..., Any]:
    def wired(*arguments: Any, **named: Any) -> Any:
        _guarded_caller(guarded, passed, what)
        return real(*arguments, **named)

    return wired


def _wired_datetime(guarded: tuple[str, ...], passed: Passed) -> type:
    """A stand-in for `datetime` whose clocks are wired; the rest, also `isinstance`, works as usual."""

    class Kind(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, _REAL_DATETIME)

    class datetime(_REAL_DATETIME, metaclass=Kind):  # noqa: N801
        def __new__(cls, *arguments: Any, **named: Any) -> Any:
            return _REAL_DATETIME(*arguments, **named)

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            _guarded_caller(guarded, passed, "datetime.now")
            return _REAL_DATETIME.now(tz)

        @classmethod
        def utcnow(cls) -> Any:
            _guarded_caller(guarded, passed, "datetime.utcnow")
            return _REAL_DATETIME.now(datetime_module.UTC).replace(tzinfo=None)

        @classmethod
        def today(cls) -> Any:
            _guarded_caller(guarded, passed, "datetime.today")
            return _REAL_DATETIME.now()

    return datetime


def _wired_date(guarded: tuple[str, ...], passed: Passed) -> type:
    """The same for `date`."""

    class Kind(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, _REAL_DATE)

    class date(_REAL_DATE, metaclass=Kind):  # noqa: N801
        def __new__(cls, *arguments: Any, **named: Any) -> Any:
            return _REAL_DATE(*arguments, **named)

        @classmethod
        def today(cls) -> Any:
            _guarded_caller(guarded, passed, "date.today")
            return _REAL_DATE.today()

    return date


def _replace(stack: ExitStack, module: ModuleType, name: str, stand_in: object) -> None:
    stack.callback(setattr, module, name, getattr(module, name))
    setattr(module, name, stand_in)


@contextmanager
def tripwires(*guarded: str) -> Iterator[Passed]:
    """Within the block, modules of the packages `guarded` (default: `actors`, `core`) raise TripwireHit if
    they touch the real clock, sleep, sockets, other processes or unseeded randomness.

    Names that such a module has imported (`from time import sleep`) are wired, too. Files, and classes that
    libraries build on (`random.Random`, `threading.Thread`), can't be wired: `tests/tidy` keeps them out.
    """
    names = guarded or ("actors", "core")
    passed = Passed()
    stand_ins: dict[int, tuple[object, object]] = {}
    for module, name in WIRED:
        real = getattr(module, name)
        stand_ins[id(real)] = (real, _wire(real, f"{module.__name__}.{name}", names, passed))
    stand_ins[id(_REAL_DATETIME)] = (_REAL_DATETIME, _wired_datetime(names, passed))
    stand_ins[id(_REAL_DATE)] = (_REAL_DATE, _wired_date(names, passed))
    with ExitStack() as stack:
        for module_name, loaded in list(sys.modules.items()):
            # This module must keep the real ones.
            if module_name.partition(".")[0] not in names or module_name == __name__:
                continue
            for attribute, value in list(vars(loaded).items()):
                if id(value) in stand_ins and stand_ins[id(value)][0] is value:
                    _replace(stack, loaded, attribute, stand_ins[id(value)][1])
        for real in (_REAL_DATETIME, _REAL_DATE):
            # For whoever finds them by the module, as `datetime.datetime` or by an import in a function.
            _replace(stack, datetime_module, real.__name__, stand_ins[id(real)][1])
        for module, name in WIRED:
            stand_in = stand_ins[id(getattr(module, name))][1]
            # Libraries inherit from the class `socket.socket`, so it is wired in guarded modules only.
            if (module, name) != (socket, "socket"):
                _replace(stack, module, name, stand_in)
        yield passed
