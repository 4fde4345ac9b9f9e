"""The checks and errors of an ask, the same on every backend."""

from __future__ import annotations

from actors.runtime.backend.mailbox import FULL
from actors.runtime.errors import ActorUnavailable, MailboxFull


def refusal_error(path: str, message: object, refusal: str) -> MailboxFull | ActorUnavailable:
    """The asker's error for mail that was not queued."""
    what = f"{path} did not take {type(message).__name__}"
    if refusal == FULL:
        return MailboxFull(f"{what}: its mailbox is full")
    return ActorUnavailable(f"{what}: it is {refusal}")


def check_timeout(timeout_s: float) -> None:
    """Raise ValueError for a timeout below 0 or NaN. Without this check backends would differ: at NaN locks
    do not wait at all, and virtual time crashes."""
    if not timeout_s >= 0:
        raise ValueError(f"ask: timeout_s: expected >= 0, found {timeout_s}")
