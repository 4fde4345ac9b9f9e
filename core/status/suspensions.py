"""What suspends entries: why, what ends it, and what a person can do until then."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class SuspensionTold(NamedTuple):
    """`why` and `ends` are clauses; `todo` names what to type, None where there is nothing to do but wait."""

    why: str
    ends: str
    todo: str | None = None


SUSPENSIONS: Final[Mapping[str, SuspensionTold]] = MappingProxyType(
    {
        "account": SuspensionTold(
            "the account holds or has resting what makes one position too many, or less than the books know",
            "a look at the account finds nothing against entries",
            "compare run.py state positions with the venue's own page",
        ),
        "anchor": SuspensionTold(
            "after a start, until the anchor's file has been compared with the log",
            "the file agrees with the log",
            "run.py audit verify",
        ),
        "books_disk": SuspensionTold(
            "the disk is full: the ballast was released so that exits and armings can still be written",
            "the ballast is taken again",
            "free some space on the data folder's disk",
        ),
        "clock": SuspensionTold(
            "the system's clock was set, or differs from the venue's",
            "the venue confirms the time",
            "look at the machine's clock (timedatectl)",
        ),
        "dead_letter": SuspensionTold(
            "a message for the books was lost",
            "a reconcile of books and venue has succeeded",
        ),
        "disk": SuspensionTold(
            "too little space is free for the books to grow",
            "space is free again",
            "free some space there",
        ),
        "order_in_doubt": SuspensionTold(
            "the outcome of an order is not known", "it is known, of every order", "run.py state orders"
        ),
        "market_data": SuspensionTold(
            "the market can't be read, or is stale", "a snapshot is stored again", "run.py ping"
        ),
        "parked:…": SuspensionTold(
            "an actor of the feeds failed too often and is parked", "it works again", "run.py logs"
        ),
        "probe:…": SuspensionTold(
            "a router other than deribit does not answer its probe", "it answers one", "run.py ping"
        ),
        "stopping": SuspensionTold("the engine is being stopped", "the engine has started again"),
    }
)
"""By source; `…` stands for a router or an actor."""


def suspension_text(source: str, why: str) -> str:
    """One suspension as a sentence for a person: who, why, until when, and what to do."""
    kind, colon, _ = source.partition(":")
    known = SUSPENSIONS.get(f"{kind}:…" if colon else source)
    text = f"entries are suspended by {source}: {why}"
    if known is None:
        return text
    todo = "" if known.todo is None else f": {known.todo}"
    return f"{text}; it ends by itself when {known.ends}{todo}"
