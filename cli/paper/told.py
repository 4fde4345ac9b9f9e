"""The messages that the live view of a paper run shows: who told whom what, a line each."""

from __future__ import annotations

from collections.abc import Iterable

from actors.runtime import Envelope
from cli.views.output import shown
from core.messages.base import Query
from core.messages.mcp import RouterProbed


def told_lines(envelopes: Iterable[Envelope]) -> list[str]:
    """Queries and probes are left out: most queries are those of the view itself."""
    return [
        shown(
            f"{envelope.sent_at:%m-%d %H:%M:%S}  "
            f"{'outside' if envelope.sender is None else envelope.sender.name} -> {envelope.to.name}  "
            f"{type(envelope.message).__name__}"
        )
        for envelope in envelopes
        if not isinstance(envelope.message, Query | RouterProbed)
    ]
