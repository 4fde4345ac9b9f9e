"""The venue's own reason for a refusal: read from a field, or from where a text begins, never from within it.

A number such as 11051 within a text may be part of an order's id, and a word may be denied by the next one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from core.contract import Router

MAINTENANCE: Final = {
    "11051": "system_maintenance",
    "10041": "settlement_in_progress",
}
"""The venue's codes and words for a pause of its own that ends by itself."""
_FIELDS: Final = ("code", "reason", "detail", "error", "message", "data")
_DEPTH_MAX: Final = 3
_WORDS: Final = "|".join(MAINTENANCE.values())
_CODES: Final = "|".join(MAINTENANCE)
_SOURCES: Final = "|".join((*Router, "venue", "upstream"))
_ANCHORED: Final = re.compile(
    # "deribit: 11051 system_maintenance", "error 10041: …", "system_maintenance"
    rf"\s*(?:(?:mcp[.-])?(?:{_SOURCES})(?: error)?: ?)?(?:(?:error|code)[ :]+)?[\[(]?"
    rf"(?:(?P<code>{_CODES})|(?P<word>{_WORDS}))(?=$|[\s:,;)\].])",
    re.ASCII | re.IGNORECASE,
)


def reason_in(body: object, depth: int = 0) -> str | None:
    """The venue's word for why it pauses, by its code or its word in a field; None if there is none."""
    if isinstance(body, bool) or depth > _DEPTH_MAX:
        return None
    if isinstance(body, int):
        return MAINTENANCE.get(str(body)) if 0 < body < 10**6 else None
    if isinstance(body, str):
        found = _ANCHORED.match(body)
        if found is None:
            return None
        return MAINTENANCE[found["code"]] if found["code"] else found["word"].lower()
    if isinstance(body, Mapping):
        reasons = (reason_in(body.get(field), depth + 1) for field in _FIELDS)
        return next((reason for reason in reasons if reason is not None), None)
    return None
