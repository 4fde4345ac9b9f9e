"""Stored pictures: from what was gathered to a row in the books, and who is told when it is there."""

from __future__ import annotations

from collections.abc import Callable

from actors.market_data.assemble import IncompleteError, dvol_pts, spot_usd
from actors.market_data.gathering import Gathering
from actors.market_data.parts import CHAIN
from actors.market_data.seen import Seen
from actors.market_data.stored import quotes_json, stored_expiries
from actors.market_data.suspension import Suspension
from actors.runtime import Address, Context, Outbox
from core.contract import FundingRate
from core.market.option_chain import OptionChain
from core.messages.base import Refused
from core.messages.market_data import FaultKind, MarketSnapshotFailed, MarketSnapshotStored
from core.messages.protocols import DecisionProtocol, StateProtocol
from core.messages.state import Recorded, RecordMarketSnapshot


class StoredPictures:
    """Keeps each picture until state has it on disk; decision hears of it only then."""

    def __init__(
        self,
        ctx: Callable[[], Context],
        *,
        state: Address[StateProtocol],
        decision: Address[DecisionProtocol],
        seen: Seen,
        suspension: Suspension,
        age_max_s: float,
    ) -> None:
        self._ctx = ctx
        self._state = state
        self._decision = decision
        self._seen = seen
        self._suspension = suspension
        self._age_max_s = age_max_s
        self._outbox = Outbox(ctx)
        self._under_way: dict[str, tuple[Gathering, MarketSnapshotStored]] = {}

    def keep(self, gathering: Gathering) -> bool:
        """Send the picture to the books; False where it is not whole, and its faults say why."""
        now = self._ctx().now()
        chain = gathering.answers.get(CHAIN)
        try:
            if gathering.faults or not isinstance(chain, OptionChain):
                self._failed(gathering)
                return False
            spot = spot_usd(gathering.answers, now, self._age_max_s)
            dvol = dvol_pts(gathering.answers, now, self._age_max_s)
        except IncompleteError as error:
            gathering.faults.append(error.fault)
            self._failed(gathering)
            return False
        rate = gathering.answers.get("get_funding_rate")
        funding = rate.annualized_rate if isinstance(rate, FundingRate) else None
        quotes, count = quotes_json(chain, stored_expiries(chain, now, self._seen.legs))
        seen = self._seen
        seen.dvol, seen.funding_frac, seen.last_snapshot_at, seen.stale_reason = dvol, funding, now, None
        seen.keep_for_later()
        stored = MarketSnapshotStored(
            request_id=gathering.request_id,
            slot=gathering.slot,
            at=now,
            spot_usd=spot,
            dvol=dvol,
            quotes=count,
        )
        self._under_way[gathering.request_id] = (gathering, stored)
        record = RecordMarketSnapshot(
            request_id=gathering.request_id, at=now, spot_usd=spot, dvol=dvol, funding=funding, quotes=quotes
        )
        self._outbox.send(self._state, record, gathering.request_id)
        self._suspension.succeeded()
        return True

    def recorded(self, recorded: Recorded) -> None:
        self._outbox.settle(recorded.request_id)
        under_way = self._under_way.pop(recorded.request_id, None)
        if under_way is not None:
            gathering, stored = under_way
            self._ctx().tell(self._decision, stored)
            gathering.answer(stored)

    def refused(self, refused: Refused) -> None:
        """State does not take the picture; it alerts of its own condition."""
        self._outbox.settle(refused.request_id)
        under_way = self._under_way.pop(refused.request_id, None)
        if under_way is not None:
            gathering, stored = under_way
            gathering.answer(
                MarketSnapshotFailed(request_id=refused.request_id, slot=stored.slot, reasons=refused.reasons)
            )

    def retell(self) -> None:
        self._outbox.retell()

    def _failed(self, gathering: Gathering) -> None:
        stale = any(fault.kind == FaultKind.STALE.value for fault in gathering.faults)
        reason = "; ".join(f"{fault.reason} ({fault.detail})" for fault in gathering.faults)
        self._seen.stale_reason = reason
        self._suspension.failed(reason, stale=stale, cause=gathering.request_id)
        reasons = tuple(fault.reason for fault in gathering.faults)
        gathering.answer(
            MarketSnapshotFailed(request_id=gathering.request_id, slot=gathering.slot, reasons=reasons)
        )
