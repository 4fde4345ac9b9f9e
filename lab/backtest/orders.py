"""Orders under way: placed, looked at and repriced as execution does, against the venue's own desk.

Market time passes between two looks only, so an order meets the market at its old price, then at its next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import takewhile
from typing import Final

from core.contract import ComboLeg, EditOrderRequest, PlaceComboOrder, Trade
from core.orders.books import Delivery, InstructionKind, Position
from core.orders.closing_cost import ClosingCost, closing_cost
from core.orders.exit_rule import ExitRule
from core.orders.label import OrderLabel, exit_attempt
from core.orders.ladder import exit_reference_eth
from core.orders.limits import GateFacts, check_limits, exit_contracts_max
from core.orders.plan import ComboPlan
from core.orders.reconcile import deliveries_for
from core.orders.terms import OrderPurpose, OrderTerms
from core.orders.working import (
    ExitLadder,
    Next,
    entry_course,
    entry_wait_s,
    exit_price_eth,
    exit_retry_s,
    needs_smaller_orders,
)
from core.rules.exit.decision import ExitDecision
from core.strategy import Strategy
from core.values import Environment, Failed, Leg, PositionId, ProposalId
from gateway.paper import orders as desk
from gateway.paper.account import VenueOrder
from gateway.paper.venue import Venue
from gateway.shell.refusals import SoftRefusalError
from lab.backtest.agenda import Process, Signal, Wait
from lab.backtest.books import BacktestBooks, combos_of, premiums_eth
from lab.backtest.honesty import Honesty
from lab.backtest.reader import NoFactsError, VenueReader

CANCEL_SETTLES: Final = timedelta(seconds=2)
"""After a cancel execution looks once more, so much later: a fill may have crossed it."""
NEXT_LABEL: Final = timedelta(seconds=3)
"""An exit that was cut waits so long for its next order, whose label has the second in it."""
HOUR: Final = timedelta(hours=1)


@dataclass
class Trading:
    """What orders are worked with. `suspended` says what blocks entries now."""

    venue: Venue
    reader: VenueReader
    books: BacktestBooks
    strategy: Strategy
    honesty: Honesty
    suspended: Callable[[], tuple[str, ...]]
    gated: bool = True
    first_exit_step: int = 0
    vetoes: int = 0
    refused: int = 0
    sent_at: list[datetime] = field(default_factory=list)
    """When requests of entries left, for the limit on an hour."""
    _booked: dict[str, tuple[Decimal, int]] = field(default_factory=dict)

    def permit(self, terms: OrderTerms, reference_eth: Decimal, closing: Position | None) -> tuple[str, ...]:
        """Why the gate lets the order not leave; empty if it does."""
        now = self.reader.now
        reasons: tuple[str, ...] = ()
        if not self.gated:
            return ()
        is_entry = terms.purpose.is_entry
        if is_entry:
            reasons = tuple(f"suspended:{source}" for source in self.suspended())
            self.sent_at = [at for at in self.sent_at if now - at < HOUR]
        others = len(self.books.live) - 1
        verdict = check_limits(
            terms,
            reference_eth,
            GateFacts(
                now=now,
                environment=Environment.PAPER,
                venue_clock_offset_s=0.0,
                venue_clock_offset_max_s=0.0,
                spot_usd=self.reader.spot_usd(),
                marks_as_of=now,
                books_as_of=now,
                open_positions=others,
                orders_in_doubt=0,
                entry_requests_last_hour=len(self.sent_at),
                position_contracts=0 if closing is None else closing.contracts,
            ),
            self.strategy,
        )
        reasons = (*reasons, *verdict.reasons)
        if reasons:
            self.vetoes += 1
        elif is_entry:
            self.sent_at.append(now)
        return reasons

    def place(self, label: str, terms: OrderTerms) -> VenueOrder:
        """One order to the venue, as permitted."""
        order = desk.place(
            self.venue,
            PlaceComboOrder(
                legs=tuple(
                    ComboLeg(instrument_name=leg.instrument_name, side=leg.side.value, ratio=leg.ratio)
                    for leg in terms.legs
                ),
                amount=Decimal(terms.amount),
                side="sell" if terms.purpose.is_entry else "buy",
                price=terms.limit_eth,
                label=label,
                reduce_only=terms.reduce_only,
            ),
        )
        if order.order.state == "rejected":
            self.refused += 1
        return order

    def edit(self, order: VenueOrder, price_eth: Decimal) -> VenueOrder:
        """The order at another price; as it was if the venue does not take that."""
        request = EditOrderRequest(order_id=order.order.order_id, price=price_eth, amount=order.order.amount)
        try:
            return desk.edit(self.venue, request)
        except SoftRefusalError:
            self.refused += 1
            return self.seen(order)

    def cancel(self, order: VenueOrder) -> None:
        if self.seen(order).is_open:
            desk.cancel(self.venue, order.order.order_id)

    def seen(self, order: VenueOrder) -> VenueOrder:
        """The order as the venue has it now."""
        return self.venue.account.orders[order.order.order_id]

    def deliveries(self) -> tuple[Delivery, ...] | Failed:
        """What the venue has delivered of the expired positions, or why that can't be told."""
        listed = tuple(self.venue.account.settlements.values())
        found, differences = deliveries_for(self.books.live, listed, self.reader.now)
        return Failed.of(*map(str, differences)) if differences else tuple(found)

    def new_fills(self, order: VenueOrder) -> list[Trade]:
        """The order's trades that were not taken before."""
        order_id, filled = order.order.order_id, order.order.filled_amount
        before, taken = self._booked.get(order_id, (Decimal(0), 0))
        if filled == before:
            return []
        since, trades = order.order.created_at, reversed(self.venue.account.trades.values())
        recent = takewhile(lambda trade: trade.timestamp >= since, trades)
        found = [trade for trade in recent if trade.order_id == order_id][::-1]
        self._booked[order_id] = (filled, len(found))
        return found[taken:]


@dataclass
class EntryEnd:
    """How an entry order ended. `filled` combos; `refusal` says why nothing was placed."""

    filled: int = 0
    amount: int = 0
    vetoed: tuple[str, ...] = ()
    refused: str | None = None


def enter(trading: Trading, position_id: PositionId, plan: ComboPlan, end: EntryEnd) -> Process:
    """Offer the combo from its limit to its floor, then cancel it; any fill counts."""
    end.amount = plan.contracts
    terms = OrderTerms(
        purpose=OrderPurpose.ENTRY,
        legs=plan.legs,
        amount=plan.contracts,
        limit_eth=plan.limit_eth,
        reduce_only=False,
    )
    execution, reader = trading.strategy.execution, trading.reader
    end.vetoed = trading.permit(terms, plan.natural_eth, None)
    if end.vetoed:
        return
    order = trading.place(_label(position_id, InstructionKind.ENTRY, 1), terms)
    if order.order.state == "rejected":
        end.refused = (order.order.reject_reason or "rejected").split(":")[0]
        return
    _book_entry(trading, order)
    ends_at = reader.now + timedelta(seconds=execution.fill_timeout_s)
    while order.is_open:
        yield Wait(reader.now + timedelta(seconds=entry_wait_s(reader.now, ends_at, execution)))
        order = trading.seen(order)
        _book_entry(trading, order)
        if not order.is_open:
            break
        course = entry_course(reader.now, ends_at, order.order.price, plan, execution)
        if course is Next.CANCEL:
            trading.cancel(order)
            yield Wait(reader.now + CANCEL_SETTLES)
        elif isinstance(course, Decimal) and not trading.permit(terms.edited(course), plan.natural_eth, None):
            order = trading.edit(order, course)
        order = trading.seen(order)
        _book_entry(trading, order)
    end.filled = int(order.order.filled_amount)


def _book_entry(trading: Trading, order: VenueOrder) -> None:
    fills = trading.new_fills(order)
    if fills:
        trading.honesty.filled(fills)
        trading.books.book_entry(fills)


@dataclass
class Exit:
    """One exit under way. `ended` is given when it is over, `blocked` holds why it could not begin."""

    decision: ExitDecision
    rule: ExitRule
    ended: Signal
    answered: bool = False
    blocked: tuple[str, ...] = ()
    attempts_failed: int = 0

    @property
    def position_id(self) -> PositionId:
        return self.decision.position_id


def close(trading: Trading, exit_: Exit) -> Process:
    """Close the position with reduce-only orders, however many it takes and however long."""
    reader, execution = trading.reader, trading.strategy.execution
    step = trading.first_exit_step
    failed = 0
    while True:
        position = trading.books.positions[exit_.position_id]
        if not position.is_live or position.plan.expiration <= reader.now:
            return
        placed = _attempt(trading, position, exit_, step)
        if isinstance(placed, Failed):
            failed += 1
            exit_.attempts_failed += 1
            if not exit_.answered:
                exit_.answered, exit_.blocked = True, placed.reasons
            yield Wait(reader.now + timedelta(seconds=exit_retry_s(failed, execution)))
            continue
        failed, exit_.answered = 0, True
        yield from _follow(trading, exit_, placed, step)
        step = execution.exit_steps
        if placed.order.amount < position.contracts:
            yield Wait(reader.now + NEXT_LABEL)


def _attempt(trading: Trading, position: Position, exit_: Exit, step: int) -> VenueOrder | Failed:
    cost = _cost(trading, position.plan.legs)
    if isinstance(cost, Failed):
        return cost
    strategy, spot_usd = trading.strategy, trading.reader.spot_usd()
    terms = OrderTerms(
        purpose=OrderPurpose.EXIT,
        legs=tuple(leg.reversed() for leg in position.plan.legs),
        amount=min(position.contracts, exit_contracts_max(spot_usd, strategy.limits)),
        limit_eth=exit_price_eth(cost, step, strategy.execution, strategy.limits),
        reduce_only=True,
    )
    vetoed = trading.permit(terms, exit_reference_eth(cost.natural_eth), position)
    if vetoed:
        return Failed(reasons=vetoed)
    attempt = exit_attempt(trading.reader.now)
    order = trading.place(_label(position.position_id, InstructionKind.EXIT, attempt), terms)
    trading.books.begin_exit(position.position_id, exit_.rule)
    if order.order.state == "rejected":
        return Failed.of((order.order.reject_reason or "rejected").split(":")[0])
    return order


def _follow(trading: Trading, exit_: Exit, order: VenueOrder, step: int) -> Process:
    """Reprice step by step to the collar, then with the market, until it is final or to be replaced."""
    strategy, reader = trading.strategy, trading.reader
    ladder = ExitLadder(strategy.execution, strategy.limits, step)
    position = trading.books.positions[exit_.position_id]
    legs, expires_at = position.plan.legs, position.plan.expiration
    _book(trading, exit_, order)
    while order.is_open:
        yield Wait(reader.now + timedelta(seconds=strategy.execution.exit_reprice_s))
        order = trading.seen(order)
        _book(trading, exit_, order)
        if not order.is_open:
            return
        cancels = reader.now >= expires_at
        if not cancels:
            ladder.looked()
            cost = _cost(trading, legs)
            if isinstance(cost, Failed):
                continue
            course = ladder.course(cost, order.order.price)
            cancels = course is Next.CANCEL
            if isinstance(course, Decimal):
                position = trading.books.positions[exit_.position_id]
                terms = OrderTerms(
                    purpose=OrderPurpose.EDIT_EXIT,
                    legs=tuple(leg.reversed() for leg in legs),
                    amount=int(order.order.amount),
                    limit_eth=course,
                    reduce_only=True,
                )
                closable = position.model_copy(
                    update={"contracts": position.contracts + int(order.order.filled_amount)}
                )
                vetoed = trading.permit(terms, exit_reference_eth(cost.natural_eth), closable)
                if not vetoed:
                    order = trading.edit(order, course)
                cancels = bool(vetoed) and needs_smaller_orders(vetoed)
        if cancels:
            trading.cancel(order)
            yield Wait(reader.now + CANCEL_SETTLES)
        order = trading.seen(order)
        _book(trading, exit_, order)


def _book(trading: Trading, exit_: Exit, order: VenueOrder) -> None:
    fills = trading.new_fills(order)
    if fills:
        trading.honesty.filled(fills)
        trading.honesty.exited(
            exit_.decision, combos_of(trading.books.positions[exit_.position_id], fills), -premiums_eth(fills)
        )
        trading.books.book_exit(exit_.position_id, fills)


def _cost(trading: Trading, legs: Sequence[Leg]) -> ClosingCost | Failed:
    """What closing one combo costs now. `legs` are those of the entry."""
    try:
        chain = trading.reader.chain_to_close(legs)
    except NoFactsError as error:
        return Failed.of(f"quotes_unknown:{error.reason.rpartition(':')[2]}")
    return closing_cost(chain, legs)


def _label(position_id: PositionId, kind: InstructionKind, attempt: int) -> str:
    label = OrderLabel(proposal_id=ProposalId(position_id), kind=kind, attempt=attempt)
    return label.text
