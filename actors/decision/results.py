"""Looks at what the strategy has made and at the margin: latches a breached protection, and alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeAlias

from actors.decision.desk import Desk, RoomUnreachableError, booked_key
from actors.decision.facts import NONE_CLOSED, Realised, marks_of, realised, trading_facts
from actors.runtime import Name
from core.alerts import AlertCode
from core.checks import RuleResult, at_least
from core.messages.alerting import Severity
from core.messages.base import Refused
from core.messages.market_data import MarketSnapshotStored
from core.messages.room_status import ResultsSeen
from core.messages.state import LatchEntries, SetSystem
from core.orders.books import Books, LatchSource
from core.rules.entry.protections import breach_text, breaches, protections
from core.rules.exit.margin import margin_use
from core.rules.facts import NOT_READ, HeldAccount, MonitorMarket, TradingFacts
from core.statistics.highs import HIGHS_KEY, PnlHigh, highs_of, highs_text

Note: TypeAlias = SetSystem | LatchEntries
"""What state is told after a look."""
CALM_FRAC: Final = 0.95
"""The margin is called high until it is this far below its bound, so that it does not come and go."""


class Results:
    """Of one incarnation. The highs of the P&L and the latch are in the books, and outlive it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._highs: tuple[PnlHigh, ...] | None = None
        self._highs_changed = False
        self._realised = NONE_CLOSED
        self._margin_is_high = False
        self._margin_use: float | None = None
        self._found: tuple[datetime, RuleResult] | None = None

    @property
    def seen(self) -> ResultsSeen | None:
        """What was found last; None if nobody has looked yet."""
        if self._found is None:
            return None
        at, found = self._found
        return ResultsSeen(at=at, protections=found, margin_use=self._margin_use)

    def trading(
        self, now: datetime, books: Books, marks_eth: Mapping[str, Decimal], spot_usd: float | None
    ) -> TradingFacts:
        """What the protections read. Raises `RoomUnreachableError`."""
        desk = self._desk
        if self._highs is None:
            self._highs = highs_of(desk.setting(HIGHS_KEY))
        facts = trading_facts(
            now,
            books,
            self._closed(books),
            self._highs,
            marks_eth=marks_eth,
            spot_usd=spot_usd,
            strategy=desk.strategy,
        )
        self._highs_changed = self._highs_changed or facts.highs != self._highs
        self._highs = facts.highs
        return facts

    def _closed(self, books: Books) -> Realised:
        """The closed trades; those that state tells for the first time are added. Most books tell them."""
        results = self._desk.results() if books.ended is None else books.ended
        if results is not self._realised.results:
            self._realised = realised(results, self._realised)
        return self._realised

    def look(
        self,
        books: Books,
        marks_eth: Mapping[str, Decimal],
        spot_usd: float | None,
        account: HeldAccount,
        cause: str,
    ) -> tuple[Note, ...]:
        """Check protections and margin outside of an entry decision; as `notes`.

        Raises `RoomUnreachableError`.
        """
        desk = self._desk
        now = desk.ctx.now()
        self.watch_margin(account, cause)
        trading = self.trading(now, books, marks_eth, spot_usd)
        found = protections(
            trading, now, desk.strategy, equity_usd=account.equity_usd, eur_usd=account.eur_usd
        )
        return self.notes(found, books, now, cause)

    def at_monitor(self, market: MonitorMarket | None, books: Books, cause: str) -> tuple[Note, ...]:
        """Look at what a monitor reads, or at the books alone if nothing is open; as `notes`.

        Raises `RoomUnreachableError`.
        """
        if market is None:
            if books.open_positions:
                return ()
            self._end_high_margin("nothing is held any more", cause)
            return self.look(books, {}, None, NOT_READ, cause)
        marks_eth = marks_of(market.chain, books.open_positions)
        return self.look(books, marks_eth, market.spot_usd, market.account or NOT_READ, cause)

    def at_snapshot(self, stored: MarketSnapshotStored) -> bool:
        """Look at a stored snapshot; whether the margin calls for a monitor at once."""
        desk, account = self._desk, stored.account
        if account is None:
            return False
        marks_eth = {mark.instrument_name: mark.mark_eth for mark in stored.legs}
        try:
            self.tell(self.look(desk.books(), marks_eth, stored.spot_usd, account, stored.request_id))
        except RoomUnreachableError as error:
            desk.ctx.log().warning("the protections are not checked at %s: %s", stored.slot, error)
        use, limit = margin_use(account), desk.strategy.exits.margin_exit
        return use is not None and limit is not None and at_least("margin", use, limit).passed

    def notes(self, found: RuleResult, books: Books, now: datetime, cause: str) -> tuple[Note, ...]:
        """Keep what was found for whoever asks; a new high, and a breach unless the latch is set already.

        They are for `tell`, after the decision that they were found by: no order waits for them.
        """
        desk, breached = self._desk, breaches(found)
        self._found = (now, found)
        notes: list[Note] = []
        if self._highs_changed and self._highs is not None:
            self._highs_changed = False
            request_id, value = f"highs-{desk.ctx.uuid()}", highs_text(self._highs)
            notes.append(SetSystem(request_id=request_id, key=HIGHS_KEY, value=value, at=now))
        latch = books.latch(LatchSource.PROTECTIONS)
        if breached and desk.mode.strategy and not (latch is not None and latch.latched):
            notes.append(
                LatchEntries(
                    request_id=f"protections-{desk.ctx.uuid()}",
                    source=LatchSource.PROTECTIONS,
                    reason=breach_text(found, desk.strategy.protections),
                    who=cause,
                    at=now,
                )
            )
        return tuple(notes)

    def tell(self, notes: tuple[Note, ...]) -> None:
        """Tell state."""
        for note in notes:
            self._desk.send(note)
            if isinstance(note, SetSystem):
                self._desk.conversations.start(Name("highs", note.request_id), self._kept(note.request_id))

    async def _kept(self, request_id: str) -> None:
        """Have the next look tell the highs again if the books could not take them."""
        answer = await self._desk.conversations.event(booked_key(request_id))
        if isinstance(answer, Refused):
            self._highs_changed = True

    def watch_margin(self, account: HeldAccount, cause: str) -> None:
        """Alert when the margin in use becomes high, and when it no longer is."""
        use, bound = margin_use(account), self._desk.strategy.exits.margin_warn
        self._margin_use = use
        if use is None or bound is None:
            return
        if at_least("margin", use, bound).passed and not self._margin_is_high:
            self._margin_is_high = True
            text = (
                f"maintenance margin is {use:.1%} of venue equity, from {bound:.0%} on it is high"
                f" (exits.margin_warn){self._what_follows()}"
            )
            self._desk.alert(Severity.HIGH, AlertCode.MARGIN_HIGH, text, cause)
        elif use < bound * CALM_FRAC:
            text = f"maintenance margin is {use:.1%} of venue equity again, below {bound:.0%}"
            self._end_high_margin(text, cause)

    def _end_high_margin(self, text: str, cause: str) -> None:
        """Tell the end of a high margin, if it was high."""
        if self._margin_is_high:
            self._margin_is_high = False
            self._desk.alert(Severity.HIGH, AlertCode.MARGIN_BACK, text, cause)

    def _what_follows(self) -> str:
        limit = self._desk.strategy.exits.margin_exit
        if limit is None:
            return "; no rule closes a position for it (exits.margin_exit is null)"
        return f"; at {limit:.0%} the position that uses most is closed. More ETH at the venue lowers it"
