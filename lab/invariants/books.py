"""Statements 9 to 13: what the books say, compared with the venue and with what was promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from core.messages.audit import AuditKind
from core.orders.armed import Leaves
from core.orders.books import InstructionKind, Job
from core.orders.label import OrderLabel
from core.orders.lifecycle import ORDER_FINAL, PositionState
from core.orders.sizes import expected_sizes
from gateway.paper.instruments import parse_instrument
from lab.invariants.folder import FolderBooks
from lab.invariants.seen import EngineSeen, SeenOutside
from lab.invariants.slots import is_slot

ENDS_WITHIN: Final = timedelta(minutes=20)
"""So long after a start or its last change an order that the venue has not got any more has ended."""
OPERATOR_RECORDS: Final = 2
"""Of one message: that it was received, and that it has ended."""


def books_are_the_venue(seen: SeenOutside) -> Iterator[str]:
    """9. What is at the venue under our labels is known, what is not final was looked up; or it is armed."""
    engines = [engine for engine in seen.engines if seen.books(engine).exist]
    if any(engine.has_kill_file for engine in engines):
        return
    known = {str(i.label): o for engine in engines for i, o in seen.books(engine).orders}
    for order in seen.venue.orders.values():
        if OrderLabel.parse(order.order.label) is None:
            continue
        row = known.get(order.order.label)
        if row is None:
            yield f"{order.order.label}: it is at the venue, and in no books"
        elif order.is_open and row.state in ORDER_FINAL:
            yield f"{order.order.label}: it is open at the venue, and {row.state} in the books"
    if seen.has_alien or seen.on_other_terms():
        return
    # Who was stopped in the middle books neither what fills later nor what is delivered.
    stay = [engine for engine in engines if engine.ran_to_the_end]
    live = [p for engine in stay for p in seen.books(engine).live]
    sizes = Counter(expected_sizes(live))
    sizes.update(_sizes_left_behind(seen))
    found = Counter(seen.venue.sizes)
    for name in sorted(sizes.keys() | found.keys()):
        if sizes[name] != found[name]:
            yield f"{name}: the books hold {sizes[name]}, the venue {found[name]}"


def _sizes_left_behind(seen: SeenOutside) -> Counter[str]:
    """What is held by the trades of engines that were stopped in the middle, as far as it has not expired."""
    labels, sizes = seen.left_behind(), Counter[str]()
    for trade in seen.venue.trades.values():
        if trade.label in labels and parse_instrument(trade.instrument_name).expiration > seen.now:
            sizes[trade.instrument_name] += int(trade.amount if trade.side == "buy" else -trade.amount)
    return sizes


def all_is_looked_up(seen: SeenOutside) -> Iterator[str]:
    """9. Once it is calm, recovery has ended, and no row that is not final is left alone; or it is armed.

    What the venue has filled on other terms than permitted is for a person to settle, there. One who disarms
    before that has seen it: the engine has armed over it.
    """
    at_venue = {order.order.label: order for order in seen.venue.orders.values()}
    for engine in seen.engines:
        if not engine.is_up or engine.has_kill_file or not seen.books(engine).exist:
            continue
        began, now = engine.up[-1][0], engine.clock()
        if now < began + ENDS_WITHIN:
            continue
        told = seen.on_other_terms() if engine.audit.kinds[AuditKind.ARMED] else frozenset[str]()
        if not engine.messages.recovered and not told:
            yield f"its recovery has not ended since {began}, and nothing is armed"
        for instruction, row in seen.books(engine).orders:
            order = at_venue.get(instruction.label)
            rests = order is not None and order.is_open
            is_left = row.state not in ORDER_FINAL and row.updated_at < now - ENDS_WITHIN
            if is_left and not rests and instruction.label not in told:
                has = "nothing" if order is None else order.order.state
                yield f"{instruction.label}: it is {row.state} since {row.updated_at}, the venue has {has}"


def only_allowed_edges(seen: SeenOutside) -> Iterator[str]:
    """10. Positions and orders move along their state machines."""
    for engine in seen.engines:
        yield from engine.audit.false_edges


def cash_adds_up(seen: SeenOutside) -> Iterator[str]:
    """11. The sum of all booked cash flows is the change of the venue's balance, to the last decimal."""
    engines = [engine for engine in seen.engines if seen.books(engine).exist]
    if not engines or (seen.has_alien and seen.venue.balance_change_eth) or seen.on_other_terms():
        return
    if any(_left_unbooked(seen, engine) for engine in engines if not engine.ran_to_the_end):
        return
    booked = sum(trade.pnl_eth for engine in engines for trade in seen.books(engine).trades)
    if booked != seen.venue.balance_change_eth:
        change = seen.venue.balance_change_eth
        yield f"the books have {booked} ETH, the venue's balance has changed by {change}"


def _left_unbooked(seen: SeenOutside, gone: EngineSeen) -> bool:
    """Whether an engine that was stopped in the middle left a fill or a delivery that nobody will book."""
    filled = {order.order.label: order.order.filled_amount for order in seen.venue.orders.values()}
    books = seen.books(gone)
    return bool(books.live) or any(
        row.filled_amount != filled.get(instruction.label, 0) for instruction, row in books.orders
    )


def partly_filled_is_a_position(seen: SeenOutside) -> Iterator[str]:
    """12. Each position is as large as what was filled of its entries, once they have ended."""
    filled = {order.order.label: int(order.order.filled_amount) for order in seen.venue.orders.values()}
    not_ours = seen.on_other_terms()
    for engine in seen.engines:
        if not seen.books(engine).exist:
            continue
        sizes: Counter[str] = Counter()
        left_out = set()
        for instruction, row in seen.books(engine).orders:
            if instruction.kind is InstructionKind.ENTRY:
                sizes[str(instruction.proposal_id)] += filled.get(instruction.label, 0)
                if instruction.label in not_ours or row.state not in ORDER_FINAL:
                    left_out.add(str(instruction.proposal_id))
        for position in seen.books(engine).positions:
            if str(position.position_id) in left_out:
                continue
            size, opened = sizes[str(position.position_id)], position.contracts_opened
            if size != opened:
                yield f"{position.position_id}: {size} were filled, the books opened {opened}"
            if size and position.state is PositionState.CANCELLED:
                yield f"{position.position_id}: {size} were filled, and the books cancelled it"


def promises_hold(seen: SeenOutside) -> Iterator[str]:
    """13. What was acknowledged to a person is on disk, once; and arming succeeds in every state."""
    for engine in seen.engines:
        if engine.promises.armings.hold and not engine.has_kill_file:
            yield "an arming was acknowledged, nobody has disarmed, and there is no KILL"
        for request_id, message in engine.promises.accepted.items():
            count = engine.audit.operator[request_id]
            if not 1 <= count <= OPERATOR_RECORDS:
                yield f"{message} {request_id} was accepted: expected 1 or 2 records of it, found {count}"
        yield from _done_twice(seen, engine)


def _done_twice(seen: SeenOutside, engine: EngineSeen) -> Iterator[str]:
    """A cycle that a person has asked for has a slot of its own, so that there is none too many."""
    if not engine.promises.entries_asked or not seen.books(engine).exist:
        return
    entries = [row for row in seen.books(engine).cycles if row.job is Job.ENTRY]
    asked = [row for row in entries if not is_slot(engine.strategy, row.job, row.slot)]
    if len(asked) > engine.promises.entries_asked:
        told = ", ".join(row.cycle_id for row in asked)
        yield f"{engine.promises.entries_asked} entries were asked for, {len(asked)} were begun: {told}"


def promises_end(seen: SeenOutside) -> Iterator[str]:
    """13, at the end: what was accepted has ended, and no cycle or proposal is left open."""
    for engine in seen.engines:
        if not seen.books(engine).exist or not engine.ran_to_the_end:
            continue
        for request_id, message in engine.promises.accepted.items():
            if engine.audit.operator[request_id] != OPERATOR_RECORDS and not engine.has_kill_file:
                yield f"{message} {request_id} was accepted, and has not ended"
        yield from _not_closed(engine, seen.books(engine))
        yield from _left_open(seen.books(engine))


def closes_are_done(seen: SeenOutside) -> Iterator[str]:
    """13, once it is calm: what a person has asked to be closed is closed."""
    for engine in seen.engines:
        if engine.is_up and seen.books(engine).exist:
            yield from _not_closed(engine, seen.books(engine))


def _not_closed(engine: EngineSeen, books: FolderBooks) -> Iterator[str]:
    """A close that a person asked for has ended only when nothing is left of what was open then, unless what
    has armed blocks exits."""
    asked = [at for message, at in engine.promises.asked_at if message == "CloseAll"]
    if not asked or engine.leaves is Leaves.NO_ORDER:
        return
    for position in books.live:
        if position.entered_at is not None and any(position.entered_at < at for at in asked):
            yield f"{position.position_id}: CloseAll was accepted, and it is {position.state}"


def _left_open(books: FolderBooks) -> Iterator[str]:
    for cycle in books.cycles:
        if cycle.outcome is None:
            yield f"{cycle.cycle_id}: it has no outcome"
    for position in books.positions:
        if position.state is PositionState.PROPOSED:
            yield f"{position.position_id}: a proposal outlives its cycle; it counts as open for ever"
