"""One-time codes by time (RFC 6238 over RFC 4226): six digits, HMAC-SHA-1, a new code every 30 seconds.

What was accepted and what failed is a value that the caller keeps: a code is good once, and after three wrong
ones none is looked at for a quarter of an hour, then for twice as long, up to a day, until one is good.

A guess hits with 3 / 10^6, because three codes hold at a time. With a lock that does not grow, 288 guesses a
day find one within a year with 27 %; with one that does, 21 on the first day and 3 on each later one do with
0.3 %.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha1

from core.errors import InputError
from core.values import Value

STEP_S = 30
DIGITS = 6
STEPS_EITHER_WAY = 1
"""A clock that is half a minute off, or a code that was typed slowly, still does."""
FAILURES_MAX = 3
LOCKED_FOR = timedelta(minutes=15)
LOCKED_FOR_MAX = timedelta(days=1)
SECRET_BYTES_MIN = 16
"""RFC 4226, requirement 6: at least 128 bits."""


class CodeState(Value):
    """What is remembered of the codes that were tried. `last_step` is the newest step whose code was used,
    `locks` counts the locks since a code was good."""

    last_step: int = -1
    failures: int = 0
    locked_until: datetime | None = None
    locks: int = 0


class CodeVerdict(StrEnum):
    """What became of a code."""

    GOOD = "good"
    WRONG = "wrong"
    USED = "used"
    LOCKED = "locked"


def secret_of(text: str) -> bytes:
    """The secret in base32, as authenticator apps take it. Raises InputError, without repeating any of it."""
    plain = "".join(text.split()).rstrip("=").upper()
    try:
        secret = base64.b32decode(plain + "=" * (-len(plain) % 8))
    except ValueError:
        raise InputError("expected a secret in base32 (A-Z, 2-7), found something else") from None
    if len(secret) < SECRET_BYTES_MIN:
        raise InputError(
            f"expected a secret of at least {SECRET_BYTES_MIN * 8} bits, found {len(secret) * 8}"
        )
    return secret


def step_of(at: datetime) -> int:
    """The number of the 30 s step that a time lies in, since 1970."""
    return int(at.timestamp() // STEP_S)


def code_of_step(secret: bytes, step: int) -> str:
    """The code of one step: RFC 4226, section 5.3."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def judge(secret: bytes, code: str, at: datetime, state: CodeState) -> tuple[CodeVerdict, CodeState]:
    """Whether the code is good now, and what is to be remembered, before anything is done, in either case."""
    if state.locked_until is not None and at < state.locked_until:
        # A lock can't be longer than this, unless the clock ran ahead when it began.
        until = min(state.locked_until, at + _lock(state.locks))
        return CodeVerdict.LOCKED, state.model_copy(update={"locked_until": until})
    step = _step_with(secret, code, _steps_around(at))
    if step is not None and step > state.last_step:
        return CodeVerdict.GOOD, CodeState(last_step=step)
    failures = state.failures + 1
    locked = failures >= FAILURES_MAX
    after = CodeState(
        last_step=state.last_step,
        failures=0 if locked else failures,
        locked_until=at + _lock(state.locks + 1) if locked else None,
        locks=state.locks + locked,
    )
    return (CodeVerdict.WRONG if step is None else CodeVerdict.USED), after


def _lock(number: int) -> timedelta:
    """How long the lock of this number lasts, the first being 1."""
    lasts = LOCKED_FOR
    for _ in range(number - 1):
        lasts = min(2 * lasts, LOCKED_FOR_MAX)
        if lasts == LOCKED_FOR_MAX:
            break
    return lasts


def _steps_around(at: datetime) -> Iterable[int]:
    now = step_of(at)
    return range(now - STEPS_EITHER_WAY, now + STEPS_EITHER_WAY + 1)


def _step_with(secret: bytes, code: str, steps: Iterable[int]) -> int | None:
    """The newest of the steps that has this code. Takes as long whether one has it or none."""
    found = None
    for step in steps:
        if hmac.compare_digest(code_of_step(secret, step).encode(), code.encode("utf-8", "replace")):
            found = step
    return found
