"""All alerts that the engine raises: their codes, and what each means to a person."""

from __future__ import annotations

from core.alerts.code import AlertCode, code_of, shown_code
from core.alerts.entry import NOTHING_TO_DO, AlertEntry
from core.alerts.severity import Severity
from core.alerts.table import ENTRIES, begins_of, entry_of

__all__ = [
    "ENTRIES",
    "NOTHING_TO_DO",
    "AlertCode",
    "AlertEntry",
    "Severity",
    "begins_of",
    "code_of",
    "entry_of",
    "shown_code",
]
