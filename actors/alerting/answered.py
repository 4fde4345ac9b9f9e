"""What an HTTP status says of a letter that was not taken, whatever the service."""

from __future__ import annotations

NOT_OF_THE_LETTER: frozenset[int] = frozenset({401, 404, 405, 407, 408, 410, 425, 429})
"""Refusals of the token, the address, the method or the pace, whatever the letter."""
BROKEN: frozenset[int] = frozenset({500, 501})


def is_refused(status: int) -> bool:
    """Whether this letter is refused for good. 403 may mean the chat, or a firewall that takes the text for
    an attack: what is done about a refusal finds out."""
    return 400 <= status < 500 and status not in NOT_OF_THE_LETTER


def is_broken(status: int) -> bool:
    """Whether what answers has failed at it. If that is so each time, it may be the letter's fault; the other
    statuses of this kind are those of a service that is away."""
    return status in BROKEN


def is_perhaps_taken(status: int) -> bool:
    """Whether it may have been taken all the same: what stands before the service may fail after it."""
    return status < 400 or status >= 500
