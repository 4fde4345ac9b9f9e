"""The books of a backtest in memory: positions, cycles, results, and what blocks entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.contract import Trade
from core.orders.books import Books, CycleRow, Delivery, EntryLatch, Position, TradeResult
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from core.orders.plan import ComboPlan
from core.values import CycleId, PositionId, Side, premium_eth


@dataclass
class BacktestBooks:
    """`positions` are all that were ever filled, by their ids, in the order of their entries."""

    positions: dict[PositionId, Position] = field(default_factory=dict)
    cycles: list[CycleRow] = field(default_factory=list)
    results: list[TradeResult] = field(default_factory=list)
    latch: EntryLatch | None = None
    latches: list[EntryLatch] = field(default_factory=list)
    """Every latch of the protections, as it was set."""
    realised_usd: float = 0.0
    """What the closed positions brought, beside `results`."""
    _awaiting: Position | None = None
    _open: dict[PositionId, Position] = field(default_factory=dict)
    _live: tuple[Position, ...] | None = field(default=None, compare=False, repr=False)
    """None as long as nobody has asked since they changed."""

    @property
    def live(self) -> tuple[Position, ...]:
        """Open positions, and one whose entry is under way."""
        live = self._live
        if live is None:
            live, awaited = tuple(self._open.values()), self._awaiting
            if awaited is not None and awaited.position_id not in self.positions:
                live = (*live, awaited)
            self._live = live
        return live

    def at(self, now: datetime) -> Books:
        """The live books, as the rules of the protections take them."""
        return live_books(now, self.live, self.latch)

    def await_fill(self, position_id: PositionId, cycle_id: CycleId, plan: ComboPlan) -> None:
        """An entry is under way."""
        self._live = None
        self._awaiting = Position(
            position_id=position_id,
            cycle_id=cycle_id,
            plan=plan,
            kind=plan.kind,
            state=PositionState.AWAITING_FILL,
        )

    def end_entry(self) -> None:
        """The entry is final; what was filled of it is a position by now."""
        self._live = self._awaiting = None

    def book_entry(self, fills: Sequence[Trade]) -> None:
        """Fills of the entry that is under way, or that was."""
        known = self._awaiting
        if known is None:
            raise ValueError("expected the fills of an entry that is under way")
        position = self.positions.get(known.position_id, known)
        combos = combos_of(position, fills)
        position = position.model_copy(
            update={
                **_cash(position, fills),
                "state": PositionState.OPEN,
                "contracts_opened": position.contracts_opened + combos,
                "contracts": position.contracts + combos,
                "entered_at": position.entered_at or fills[0].timestamp,
                "credit_eth": position.credit_eth + premiums_eth(fills),
            }
        )
        self._awaiting = position
        self._put(position)

    def begin_exit(self, position_id: PositionId, rule: ExitRule) -> None:
        """An exit order has been placed."""
        position = self.positions[position_id]
        self._put(position.model_copy(update={"state": PositionState.CLOSING, "exit_rule": rule}))

    def book_exit(self, position_id: PositionId, fills: Sequence[Trade]) -> None:
        """Fills of an exit; the last ones close the position."""
        position = self.positions[position_id]
        combos = combos_of(position, fills)
        left = position.contracts - combos
        update = {**_cash(position, fills), "contracts": left}
        if left == 0:
            self._close(position, update, fills[-1].timestamp, position.exit_rule)
        else:
            self._put(position.model_copy(update=update))

    def book_deliveries(self, position_id: PositionId, deliveries: Iterable[Delivery]) -> None:
        """The deliveries of an expired position, which close it."""
        position = self.positions[position_id]
        pnl_eth, pnl_usd, fees = position.pnl_eth, position.pnl_usd, position.fees_eth
        for delivered in deliveries:
            flow = delivered.cash_flow_eth - delivered.fee_eth
            pnl_eth, pnl_usd = pnl_eth + flow, pnl_usd + flow * delivered.delivery_price_usd
            fees += delivered.fee_eth
        update = {"pnl_eth": pnl_eth, "pnl_usd": pnl_usd, "fees_eth": fees, "contracts": 0}
        self._close(position, update, position.plan.expiration, ExitRule.SETTLEMENT)

    def _close(
        self, position: Position, last: Mapping[str, object], at: datetime, rule: ExitRule | None
    ) -> None:
        """With the `last` that changes of it."""
        closed = {**last, "state": PositionState.CLOSED, "closed_at": at, "exit_rule": rule}
        position = position.model_copy(update=closed)
        self._put(position)
        self.realised_usd += float(position.pnl_usd)
        self.results.append(
            TradeResult(
                position_id=position.position_id, closed_at=at, exit_rule=rule, pnl_usd=position.pnl_usd
            )
        )

    def _put(self, position: Position) -> None:
        self._live = None
        self.positions[position.position_id] = position
        if position.is_live:
            self._open[position.position_id] = position
        else:
            self._open.pop(position.position_id, None)


def live_books(at: datetime, live: tuple[Position, ...], latch: EntryLatch | None) -> Books:
    """The live books at a moment, as the rules of the protections take them."""
    latches = () if latch is None else (latch,)
    return Books(as_of=at, seq=0, positions=live, orders=(), instructions=(), latches=latches)


def combos_of(position: Position, fills: Sequence[Trade]) -> int:
    """How many combos these fills make; the venue fills every leg of a combo at once."""
    first = position.plan.legs[0]
    amount = sum((fill.amount for fill in fills if fill.instrument_name == first.instrument_name), Decimal(0))
    return int(amount) // first.ratio


def premiums_eth(fills: Iterable[Trade]) -> Decimal:
    """What the fills brought before fees."""
    return sum((_premium_eth(fill) for fill in fills), Decimal(0))


def _premium_eth(fill: Trade) -> Decimal:
    return premium_eth(Side(fill.side), fill.price, fill.amount)


def _cash(position: Position, fills: Iterable[Trade]) -> dict[str, object]:
    """What fills change of a position's cash."""
    pnl_eth, pnl_usd, fees = position.pnl_eth, position.pnl_usd, position.fees_eth
    for fill in fills:
        flow = _premium_eth(fill) - fill.fee
        pnl_eth, pnl_usd, fees = pnl_eth + flow, pnl_usd + flow * fill.index_price, fees + fill.fee
    return {"pnl_eth": pnl_eth, "pnl_usd": pnl_usd, "fees_eth": fees}
