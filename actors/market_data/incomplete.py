"""What is raised while facts are made of answers that do not hold them."""

from __future__ import annotations

from core.messages.market_data import PartFault, SnapshotFault


class IncompleteError(Exception):
    """A required fact is missing in the answers, stale or invalid; carries the fault."""

    def __init__(self, source: str, part: str, detail: str, kind: PartFault = PartFault.INCOMPLETE) -> None:
        super().__init__(detail)
        self.fault = SnapshotFault(source=source, part=part, kind=kind.value, detail=detail)
