"""What a person is asked before a message that trades, restarts or resumes: what will happen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import JsonValue

_QUESTIONS: Mapping[str, str] = MappingProxyType(
    {
        "ClosePosition": "{position_id} is bought back with reduce-only orders, at natural or worse if mid"
        " does not fill; that costs the spread and fees, and can't be undone.",
        "CloseAll": "Every open position is bought back with reduce-only orders, at natural or worse if mid"
        " does not fill; that costs the spread and fees, and can't be undone. No entry is placed until it has"
        " ended; after that entries go on unless they are paused.",
        "CancelOrders": "Entries that rest at the venue are cancelled, and their cycle has ended with that."
        " Exits go on, and later entries are not stopped by it.",
        "RunEntryCycle": "An entry cycle runs now, outside its schedule and under all its rules: it may sell"
        " a spread.",
        "ResumeEntries": "Positions may be opened again from the next entry slot on, and the protections"
        " begin anew. A kill switch that is armed stays armed.",
        "RestartActor": "{actor} is ended in order and started again; its mail is kept, and what it was doing"
        " is taken up from the books.",
    }
)
_ASKED_BEFORE = frozenset({"ClosePosition", "RunEntryCycle"})
"""Scripts that send these without --yes are as old as these messages, and go on to work."""


def question_about(message: str, body: Mapping[str, JsonValue]) -> str | None:
    """What will happen, with the message's own fields; None if nothing is asked."""
    text = _QUESTIONS.get(message)
    return None if text is None else text.format_map({key: str(value) for key, value in body.items()})


def needs_yes(message: str) -> bool:
    """Whether it is refused without --yes where nobody can be asked."""
    return message in _QUESTIONS and message not in _ASKED_BEFORE
