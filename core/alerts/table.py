"""The table of all alerts, and how to look things up in it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from core.alerts.about_books import BOOKS
from core.alerts.about_cycles import CYCLES
from core.alerts.about_engine import ENGINE
from core.alerts.about_feeds import FEEDS
from core.alerts.about_orders import ORDERS
from core.alerts.about_switch import SWITCH
from core.alerts.about_venue import VENUE
from core.alerts.code import AlertCode, code_of
from core.alerts.entry import AlertEntry

CHAPTERS: Final = MappingProxyType(
    {
        "The kill switch": SWITCH,
        "The account at the venue": VENUE,
        "Orders and positions": ORDERS,
        "Cycles": CYCLES,
        "The upstream host and the market": FEEDS,
        "Books, audit log and disk": BOOKS,
        "The engine": ENGINE,
    }
)
"""The table as the runbook shows it: a title for each part."""
ENTRIES: Final = MappingProxyType(
    {code: entry for chapter in CHAPTERS.values() for code, entry in chapter.items()}
)


def entry_of(shown: str) -> AlertEntry | None:
    """What is known of a recorded alert by its shown code; None if this version does not know the code."""
    code = code_of(shown)
    return None if code is None else ENTRIES[code]


def begins_of(code: AlertCode) -> frozenset[AlertCode]:
    """The codes of what this one tells the end of; empty if it tells no end."""
    return frozenset(begin for begin, entry in ENTRIES.items() if entry.ends is code)
