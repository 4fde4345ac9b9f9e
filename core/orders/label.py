"""The label of an order at the venue: one parser and one printer."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from core.orders.books import InstructionKind
from core.values import Label, PositionId, ProposalId, Value

TAG_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
"""The alphabet of base32, in lower case."""
TAG_LENGTH: Final = 6
"""Thirty bits: two data folders that draw the same tag are one in a thousand million."""
_FORM: Final = re.compile(
    rf"(?P<proposal>[^:]+):(?:(?P<tag>[{TAG_LETTERS}]{{{TAG_LENGTH}}}):)?(?P<kind>[ex])(?P<attempt>\d+)"
)
_LETTERS: Final = {InstructionKind.ENTRY: "e", InstructionKind.EXIT: "x"}
_KINDS: Final = {letter: kind for kind, letter in _LETTERS.items()}
_ATTEMPTS_SINCE: Final = datetime.fromisoformat("2020-01-01T00:00:00+00:00")


def exit_attempt(now: datetime) -> int:
    """Seconds since 2020: a number that no earlier incarnation can have used for the exit of a position."""
    return int((now - _ATTEMPTS_SINCE) / timedelta(seconds=1))


class OrderLabel(Value):
    """`{proposal_id}:{tag}:{e|x}{attempt}`: one instruction, one label, one send, for ever.

    `tag` is that of the data folder whose engine sends it; None in labels from before there were tags.
    """

    proposal_id: ProposalId
    tag: str | None = None
    kind: InstructionKind
    attempt: int

    @property
    def position_id(self) -> PositionId:
        """A proposal and its position have the same id."""
        return PositionId(self.proposal_id)

    @property
    def text(self) -> Label:
        """The label as the venue and the books have it."""
        tag = "" if self.tag is None else f"{self.tag}:"
        return Label(f"{self.proposal_id}:{tag}{_LETTERS[self.kind]}{self.attempt}")

    @classmethod
    def parse(cls, text: str) -> OrderLabel | None:
        """Parse a label; None if it is not of our form."""
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        return cls(
            proposal_id=ProposalId(found["proposal"]),
            tag=found["tag"],
            kind=_KINDS[found["kind"]],
            attempt=int(found["attempt"]),
        )
