"""The label of an order at the venue: one parser and one printer."""

from __future__ import annotations

import re
from typing import Final

from core.orders.books import InstructionKind
from core.values import Label, PositionId, ProposalId, Value

_FORM: Final = re.compile(r"(?P<proposal>[^:]+):(?P<kind>[ex])(?P<attempt>\d+)")
_LETTERS: Final = {InstructionKind.ENTRY: "e", InstructionKind.EXIT: "x"}
_KINDS: Final = {letter: kind for kind, letter in _LETTERS.items()}


class OrderLabel(Value):
    """`{proposal_id}:{e|x}{attempt}`: one instruction, one label, one send, for ever."""

    proposal_id: ProposalId
    kind: InstructionKind
    attempt: int

    @property
    def position_id(self) -> PositionId:
        """A proposal and its position have the same id."""
        return PositionId(self.proposal_id)

    @property
    def text(self) -> Label:
        """The label as the venue and the books have it."""
        return Label(f"{self.proposal_id}:{_LETTERS[self.kind]}{self.attempt}")

    @classmethod
    def parse(cls, text: str) -> OrderLabel | None:
        """Parse a label; None if it is not one of ours."""
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        proposal_id, kind = ProposalId(found["proposal"]), _KINDS[found["kind"]]
        return cls(proposal_id=proposal_id, kind=kind, attempt=int(found["attempt"]))
