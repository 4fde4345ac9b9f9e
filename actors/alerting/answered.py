"""What an HTTP status says of a letter that was not taken, whatever the service."""

from __future__ import annotations

REFUSED: frozenset[int] = frozenset({400, 413, 422})
"""The service has read the letter and will never take it. Other refusals are of the token, the chat or the
pace."""


def is_refused(status: int) -> bool:
    """Whether this letter is refused for good."""
    return status in REFUSED


def is_perhaps_taken(status: int) -> bool:
    """Whether it may have been taken all the same: what stands before the service may fail after it."""
    return status < 400 or status >= 500
