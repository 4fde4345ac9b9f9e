"""What is raised while facts are made of answers that do not hold them."""

from __future__ import annotations

from enum import StrEnum


class PartFault(StrEnum):
    """Why one part of a snapshot is missing, beside the kinds of `McpFault`."""

    ACTOR_FAILED = "actor_failed"
    NO_ANSWER = "no_answer"
    STALE = "stale"
    INCOMPLETE = "incomplete"


def fault_code(source: str, part: str, kind: str) -> str:
    """The stable code of a missing part, e.g. `deribit.get_dvol:server`."""
    return f"{source}.{part}:{kind}"


class IncompleteError(Exception):
    """A required fact is missing in the answer of a tool, stale or invalid: `part` of `source`, a router."""

    def __init__(self, source: str, part: str, detail: str, kind: PartFault = PartFault.INCOMPLETE) -> None:
        super().__init__(detail)
        self.source = source
        self.part = part
        self.kind = kind

    @property
    def code(self) -> str:
        """As `fault_code`."""
        return fault_code(self.source, self.part, self.kind)
