"""Stores snapshots: reads one, records it in the books, then tells decision and the asker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from actors.market_data.assemble import (
    Answers,
    chain_in,
    dvol_pts,
    funding_frac,
    held_account,
    spot_usd,
)
from actors.market_data.keeping import Keeping
from actors.market_data.parts import STORED_PARTS, WORTH_PARTS, Part, stored_chain
from actors.market_data.reading import Missing, Sources
from actors.market_data.seen import Seen
from actors.market_data.stored import leg_marks, quotes_json, stored_expiries
from actors.market_data.suspension import Suspension
from actors.runtime import Address, Context, Conversations, Key, Outbox
from core.market.incomplete import PartFault
from core.market.option_chain import OptionChain
from core.messages.base import Refused
from core.messages.market_data import MarketSnapshotFailed, MarketSnapshotStored
from core.messages.protocols import DecisionProtocol, StateProtocol
from core.messages.state import Recorded, RecordMarketSnapshot
from core.rules.facts import HeldAccount
from core.strategy import Strategy

DEADLINE_S: Final = 60.0


def recorded_key(request_id: str) -> Key[Recorded | Refused]:
    """State's answer to a stored snapshot."""
    return Key(f"recorded:{request_id}")


TellStored: TypeAlias = Callable[[MarketSnapshotStored | MarketSnapshotFailed], None]
"""Answers whoever asked for a stored snapshot."""


@dataclass(frozen=True)
class StoredSnapshot:
    """The market at one moment, as a row stores it."""

    spot_usd: float
    dvol: float
    funding_frac: float | None
    chain: OptionChain
    held: HeldAccount | None


class StoredSnapshots:
    """Takes and stores snapshots. Decision is told of one only after state has it on disk."""

    def __init__(
        self,
        ctx: Context,
        conversations: Conversations,
        outbox: Outbox,
        *,
        sources: Sources,
        state: Address[StateProtocol],
        decision: Address[DecisionProtocol],
        seen: Seen,
        suspension: Suspension,
        keeping: Keeping,
        strategy: Strategy,
    ) -> None:
        self._ctx = ctx
        self._conversations = conversations
        self._outbox = outbox
        self._sources = sources
        self._state = state
        self._decision = decision
        self._seen = seen
        self._suspension = suspension
        self._keeping = keeping
        self._strategy = strategy
        self._age_max_s = strategy.limits.market_data_age_max_s
        self._held_before = self._reads_worth = False

    async def take(self, name: str, request_id: str, slot: datetime, answer: TellStored) -> Missing | None:
        """Read a snapshot, store it, and answer. Missing if it could not be read; that is answered, too."""
        reading = self._sources.read(name, self._ctx.now() + timedelta(seconds=DEADLINE_S))
        reading.ask_books()
        await reading.gather(STORED_PARTS)
        await reading.gather(self._second_parts)
        snapshot = reading.finish(self._snapshot)
        if isinstance(snapshot, Missing):
            self._missed(snapshot, request_id, slot, answer)
            return snapshot
        await self._store(snapshot, request_id, slot, answer)
        return None

    async def _store(
        self, snapshot: StoredSnapshot, request_id: str, slot: datetime, answer: TellStored
    ) -> None:
        now, seen = self._ctx.now(), self._seen
        quotes, count = quotes_json(snapshot.chain, stored_expiries(snapshot.chain, now, seen.legs))
        seen.dvol, seen.funding_frac = snapshot.dvol, snapshot.funding_frac
        seen.last_snapshot_at, seen.stale_reason = now, None
        seen.keep_for_later()
        # An id of its own: a person's message is on record under `request_id`, and state answers an id once.
        record = RecordMarketSnapshot(
            request_id=f"store-{request_id}",
            at=now,
            spot_usd=snapshot.spot_usd,
            dvol=snapshot.dvol,
            funding=snapshot.funding_frac,
            quotes=quotes,
        )
        self._outbox.send(self._state, record, record.request_id)
        self._suspension.succeeded()
        self._keeping.stored(
            slot,
            spot_usd=snapshot.spot_usd,
            dvol=snapshot.dvol,
            funding_frac=snapshot.funding_frac,
            chain=snapshot.chain,
        )
        booked = await self._conversations.event(recorded_key(record.request_id))
        if isinstance(booked, Refused):
            # State raises the alert about its refusal.
            answer(MarketSnapshotFailed(request_id=request_id, slot=slot, reasons=booked.reasons))
            return
        stored = MarketSnapshotStored(
            request_id=request_id,
            slot=slot,
            at=now,
            spot_usd=snapshot.spot_usd,
            dvol=snapshot.dvol,
            quotes=count,
            account=snapshot.held,
            legs=tuple(leg_marks(snapshot.chain, seen.legs).values()),
        )
        self._ctx.tell(self._decision, stored)
        answer(stored)

    def _snapshot(self, answers: Answers) -> StoredSnapshot:
        now = self._ctx.now()
        return StoredSnapshot(
            spot_usd=spot_usd(answers, now, self._age_max_s),
            dvol=dvol_pts(answers, now, self._age_max_s),
            funding_frac=funding_frac(answers, now, self._strategy),
            chain=chain_in(answers),
            held=held_account(answers) if self._reads_worth else None,
        )

    def _missed(self, missing: Missing, request_id: str, slot: datetime, answer: TellStored) -> None:
        stale = any(fault.kind == PartFault.STALE.value for fault in missing.faults)
        reason = str(missing)
        self._seen.stale_reason = reason
        self._suspension.failed(reason, stale=stale, cause=request_id)
        answer(MarketSnapshotFailed(request_id=request_id, slot=slot, reasons=missing.reasons))

    def _second_parts(self) -> tuple[Part, ...]:
        """What depends on the books: the chain, and what all is worth while something is held and once after
        that, so that the end of a trade is seen, too."""
        holds = bool(self._seen.legs)
        self._reads_worth, self._held_before = holds or self._held_before, holds
        worth = WORTH_PARTS if self._reads_worth else ()
        chain = stored_chain(self._ctx.now(), self._open_expirations(), recorded=self._keeping.is_on)
        return (*worth, chain)

    def _open_expirations(self) -> tuple[datetime, ...]:
        return tuple(leg.expiration for leg in self._seen.legs)
