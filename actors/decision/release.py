"""The end of proposals that never became an order: each counts as an open position until it is cancelled.

Decision owns a proposal until its instruction is on record; from then on the position follows its order,
which is execution's.
"""

from __future__ import annotations

from typing import Final

from actors.decision.desk import Booked, Desk, RoomUnreachableError
from actors.runtime import Key, Name
from core.alerts import AlertCode, Severity
from core.messages.base import Refused
from core.messages.state import CloseProposal
from core.orders.lifecycle import PositionState
from core.values import CycleId, PositionId, ProposalId

RELEASE: Final = "release"
AGAIN_S: Final = 60.0
"""The pause after the books could not take the end of a proposal."""


def proposal_id_of(cycle_id: CycleId) -> ProposalId:
    """The id of the one proposal that a cycle may make."""
    return ProposalId(f"p-{cycle_id}")


class Releases:
    """Those under way in one incarnation. What it leaves undone, the next one finds in the books."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def release(self, cycle_id: CycleId, unbooked: Key[Booked] | None = None) -> None:
        """Have the proposal of a cycle that is over cancelled, if it is still `proposed`.

        What is told before this returns reaches the books before anything that is told afterwards. With
        `unbooked`, the key of state's answer to the proposal, that answer is awaited first.
        """
        name = Name(RELEASE, cycle_id)
        if name in self._desk.conversations:
            return
        first = None
        if unbooked is None:
            try:
                if not self._is_proposed(cycle_id):
                    return
                first = self._cancel(cycle_id)
            except RoomUnreachableError:
                pass  # It is looked at again.
        self._desk.conversations.start(name, self._until_cancelled(cycle_id, first, unbooked))

    async def _until_cancelled(
        self, cycle_id: CycleId, closing: Key[Booked] | None, unbooked: Key[Booked] | None
    ) -> None:
        desk = self._desk
        if unbooked is not None:
            known = await desk.conversations.event(unbooked)
            if isinstance(known, Refused):
                return  # There is no proposal.
        while True:
            try:
                if closing is None and not self._is_proposed(cycle_id):
                    return
                closing = closing or self._cancel(cycle_id)
                answer = await desk.conversations.event(closing)
                if not isinstance(answer, Refused):
                    return
                why = ", ".join(answer.reasons)
            except RoomUnreachableError as error:
                why = str(error)
            closing = None
            text = f"{proposal_id_of(cycle_id)} may count as an open position, and can't be cancelled: {why}"
            desk.alert(Severity.HIGH, AlertCode.PROPOSAL_NOT_RELEASED, text, cycle_id)
            await desk.conversations.pause(AGAIN_S)

    def _is_proposed(self, cycle_id: CycleId) -> bool:
        """Raises `RoomUnreachableError`."""
        position = self._desk.position(PositionId(proposal_id_of(cycle_id)))
        return position is not None and position.state is PositionState.PROPOSED

    def _cancel(self, cycle_id: CycleId) -> Key[Booked]:
        proposal_id, ctx = proposal_id_of(cycle_id), self._desk.ctx
        close = CloseProposal(
            request_id=f"release-{proposal_id}-{ctx.uuid()}",
            proposal_id=proposal_id,
            reason="cycle_ended",
            at=ctx.now(),
        )
        return self._desk.send(close, cycle_id)
