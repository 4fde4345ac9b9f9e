"""What may go wrong between a caller and the simulated venue, played once or several times, in order.

A fault is written as METHOD:KIND[:NUMBER][@SHARE]: the end of a method's name, or * for each; what happens;
a number for the kinds that need one: the code of `refuse` and of `refuse_after`, the seconds of `slow` and of
`slow_after`; and in what share of the calls, without which it is the next one alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from core.errors import InputError
from core.plain_number import plain_number


class SimFault(StrEnum):
    """How one call fails. What is named `after` happens once the call has had its effect."""

    REFUSE = "refuse"
    REFUSE_AFTER = "refuse_after"
    CUT = "cut"
    CUT_AFTER = "cut_after"
    SLOW = "slow"
    SLOW_AFTER = "slow_after"
    HTML = "html"
    HTML_AFTER = "html_after"
    TOO_MANY = "too_many"
    TWICE = "twice"
    """The request is delivered two times, as a proxy does that repeats what it got no answer to; a signed one
    is refused at the second time, because its nonce was used."""


ANY_METHOD: Final = "*"
NEEDS_NUMBER: Final = (SimFault.REFUSE, SimFault.REFUSE_AFTER, SimFault.SLOW, SimFault.SLOW_AFTER)


@dataclass(frozen=True)
class Fault:
    """One fault of a method; `number` is a code of the venue's, or seconds.

    `share` of the calls are struck, as long as the venue runs; None is the next call alone.
    """

    method: str
    kind: SimFault
    number: float = 0.0
    share: float | None = None

    @classmethod
    def parse(cls, text: str) -> Fault:
        """`buy:cut_after`, `cancel:refuse:11051`, `*:slow:0.5@0.1`. Raises `InputError`."""
        told, at, share_told = text.partition("@")
        method, _, rest = told.partition(":")
        kind, _, number = rest.partition(":")
        if not method or kind not in tuple(SimFault):
            raise InputError(
                f"fault: expected METHOD:KIND[:NUMBER][@SHARE], KIND one of {', '.join(SimFault)}; "
                f"found {text!r}"
            )
        found = plain_number(number) if number else None
        if (found is None) == (kind in NEEDS_NUMBER):
            raise InputError(
                f"fault {kind}: expected {'a' if found is None else 'no'} number, found {text!r}"
            )
        share = plain_number(share_told) if at else None
        if at and (share is None or not 0 < share <= 1):
            raise InputError(f"fault {kind}: expected a share above 0 and up to 1, found {share_told!r}")
        return cls(
            method,
            SimFault(kind),
            0.0 if found is None else float(found),
            None if share is None else float(share),
        )

    def is_of(self, method: str) -> bool:
        """Whether it may strike a call of that method."""
        return self.method == ANY_METHOD or method.endswith(self.method)


class SimFaults:
    """The faults that are still to come. `pause` lets time pass."""

    def __init__(self, seed: int = 0, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.pause = pause
        self._chance = Random(f"{seed}:faults")
        self._waiting: list[Fault] = []
        self.played: list[tuple[str, Fault]] = []
        """Each with the method that it struck."""

    def add(self, *faults: Fault) -> None:
        """Strike the next calls of their methods, one each, or a share of all."""
        self._waiting += faults

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._waiting = []

    def strike(self, method: str) -> Fault | None:
        """What happens to this call."""
        for fault in self._waiting:
            if not fault.is_of(method):
                continue
            if fault.share is None:
                self._waiting.remove(fault)
            elif self._chance.random() >= fault.share:
                continue
            self.played.append((method, fault))
            return fault
        return None
