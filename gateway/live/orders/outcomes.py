"""What a changing request that failed has done: definitely nothing, or nobody knows.

The classes of the venue's codes are in `venue_codes`; a code that is in none of them may mean anything.
"""

from __future__ import annotations

from typing import Final

from gateway.live.errors import (
    BusyError,
    DoubtError,
    EdgeRefusedError,
    NotSentError,
    OutsideError,
    VenueError,
)
from gateway.live.venue.codes import (
    INVALID_PARAMS,
    LATCHED,
    NOT_FOUND,
    OUR_FAULT,
    REFUSED,
    SHUT,
    UNAUTHORIZED,
)
from gateway.shell.refusals import SoftRefusalError

DEFINITE: Final = (REFUSED | NOT_FOUND | SHUT | LATCHED | OUR_FAULT | {INVALID_PARAMS}) - {UNAUTHORIZED}
"""Nothing was done. A refused signature tells nothing: the venue refuses one, too, whose request it has taken
up before, if somebody on the way has delivered it twice."""
WORDS: Final = (
    ("tick", "10043", "price_wrong_tick"),
    ("minimum", "10002", "qty_too_low"),
    ("instrument", "13020", "not_found"),
)
"""What -32602 says in words only, and the number that stands for it."""


def refusal_of(error: OutsideError) -> str | None:
    """The words of a refusal with which definitely nothing was done; None if that is not known."""
    match error:
        case NotSentError():
            return f"not sent: {error}"
        case EdgeRefusedError():
            return f"edge refused {error.status}: {error}"
        case BusyError():
            return str(error)
        case VenueError() if error.code in DEFINITE:
            return refused_text(error)
        case _:
            return None


def refused_text(error: VenueError) -> str:
    """The venue's words, beginning with the number that tells what they mean."""
    if error.code == INVALID_PARAMS:
        for sign, code, name in WORDS:
            if sign in error.reason:
                return f"{code} {name}: {error.reason}"
    return str(error)


def raised_for(error: OutsideError) -> Exception:
    """What is raised in the error's place: a refusal, the limit itself, or a doubt."""
    if isinstance(error, BusyError):
        return error
    text = refusal_of(error)
    if text is None:
        return DoubtError(str(error))
    return refusal(text)


def refusal(text: str) -> SoftRefusalError:
    """The refusal of these words, which begin with its reason."""
    reason, _, detail = text.partition(": ")
    return SoftRefusalError(reason, detail or "the venue refused")
