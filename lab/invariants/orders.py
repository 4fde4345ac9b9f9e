"""Statements 1 to 8: what may reach the venue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from core.contract import Trade
from core.messages.audit import AuditKind
from core.messages.kill_switch import Permit
from core.messages.mcp import SendOrder
from core.orders.books import InstructionKind
from core.orders.label import OrderLabel
from core.permit_times import PERMIT_LIFETIME_MAX_S
from core.strategy import LimitsSection
from core.values import Side
from lab.invariants.messages import Sent
from lab.invariants.seen import EngineSeen, Request, SeenOutside, VenueSeen
from reading.books import stored_edits

PLACE: Final = "place_combo_order"
TICK_ETH: Final = Decimal("0.0001")
HOUR: Final = timedelta(hours=1)
CROSSING: Final = timedelta(seconds=PERMIT_LIFETIME_MAX_S)
"""From a look at the account to the arrival of what is sent on the word of it, and to the next look."""


def recorded_before_sent(seen: SeenOutside) -> Iterator[str]:
    """1. The last request's proposal, instruction and (for an edit) price are in the books of its engine."""
    if not seen.requests:
        return
    request = seen.requests[-1]
    label = OrderLabel.parse(request.label)
    if label is None:
        yield f"{request.label}: expected a label of ours"
        return
    for engine in seen.engines:
        if not seen.books(engine).exist:
            continue
        known = {instruction.label for instruction, _ in seen.books(engine).orders}
        if request.label not in known:
            continue
        positions = {p.position_id for p in seen.books(engine).positions}
        if label.position_id not in positions:
            yield f"{request.label}: its instruction is in the books, its proposal is not"
        if request.tool != PLACE:
            # Not those of live orders alone: a request may arrive after its order was found to have ended.
            edits = stored_edits(engine.data_dir, label.text)
            if not any(edit.limit_eth == request.price for edit in edits):
                yield f"{request.label}: its new price {request.price} was not in the books when it arrived"
        return
    yield f"{request.label}: no instruction was in any books when the request arrived"


def one_label_one_order(seen: SeenOutside) -> Iterator[str]:
    """2. No label is sent twice, and none has two orders."""
    sent = Counter(request.label for request in seen.requests if request.tool == PLACE)
    yield from (f"{label} was sent {count} times" for label, count in sent.items() if count > 1)
    placed = Counter(seen.venue.labels)
    yield from (f"{label} has {count} orders" for label, count in placed.items() if count > 1)


def nothing_after_arming(seen: SeenOutside) -> Iterator[str]:
    """3. Nothing but what closes a risk is created or made worse while an acknowledged arming holds."""
    for effect in seen.effects:
        for engine in seen.engines:
            if effect.reduce_only or not engine.promises.armings.cover(effect.at):
                continue
            if _is_of(engine, effect.label):
                yield f"{effect.label}: {effect.tool} had an effect at {effect.at}, after an arming"


def granted_by_a_live_switch(seen: SeenOutside) -> Iterator[str]:
    """4. Every order that is handed over has the permit that the switch gave for it, unless suspended."""
    for engine in seen.engines:
        for sent in engine.messages.sent[-1:]:
            if sent.asked is None:
                yield f"{_label(sent)}: no permit was asked for"
            elif sent.asked.granted() != sent.command.permit:
                yield f"{_label(sent)}: the switch did not give the permit that it is sent with"
            elif _is_entry(sent) and sent.asked.suspended_by:
                yield f"{_label(sent)}: permitted while entries were suspended by {sent.asked.suspended_by}"


def permit_for_one_order(seen: SeenOutside) -> Iterator[str]:
    """5. A permit has the order's own terms, is used once, and is over in time, at the venue too."""
    for engine in seen.engines:
        used = Counter(sent.command.permit.permit_id for sent in engine.messages.sent)
        yield from (f"permit {each} was used {count} times" for each, count in used.items() if count > 1)
        for sent in engine.messages.sent[-1:]:
            permit = sent.command.permit
            terms = (
                sent.command.instruction.terms if isinstance(sent.command, SendOrder) else sent.command.terms
            )
            if permit.terms != terms or permit.label != _label(sent):
                yield f"{_label(sent)}: sent as {terms}, permitted {permit.terms} for {permit.label}"
            if sent.asked is not None and _lives(sent, permit) > timedelta(seconds=PERMIT_LIFETIME_MAX_S):
                yield f"{_label(sent)}: its permit lives for {_lives(sent, permit)}"
    for request in seen.requests[-1:]:
        if request.valid_until is None:
            yield f"{request.label}: it has no valid_until"
        placed = next((r.amount for r in seen.requests if r.label == request.label), request.amount)
        if request.amount > placed:
            yield f"{request.label}: edited to {request.amount} contracts, placed for {placed}"
    for effect in seen.effects[-1:]:
        until = effect.valid_until
        if until is not None and effect.at > until:
            yield f"{effect.label}: it has an effect at {effect.at}, and was valid until {until}"


def other_terms_arm(seen: SeenOutside) -> Iterator[str]:
    """5, once it is calm: an order that the venue has taken for more than was permitted has armed."""
    for label in sorted(seen.on_other_terms()):
        for engine in seen.engines:
            if engine.is_up and _is_of(engine, label) and not engine.audit.kinds[AuditKind.ARMED]:
                yield f"{label}: the venue has more than was permitted, and nothing was armed for it"


def inside_the_limits(seen: SeenOutside) -> Iterator[str]:
    """6. Contracts, value, collar, orders an hour, reduce-only exits, fresh market data."""
    for engine in seen.engines:
        limits = engine.strategy.limits
        for sent in engine.messages.sent[-1:]:
            yield from _terms_off(sent, limits)
        for request in seen.requests[-1:]:
            label = OrderLabel.parse(request.label)
            if label is None or not _is_of(engine, request.label):
                continue
            is_exit = label.kind is InstructionKind.EXIT
            if is_exit and request.tool == PLACE and not request.reduce_only:
                yield f"{request.label}: an exit that is not reduce-only"
            if request.amount > limits.contracts_max:
                yield f"{request.label}: {request.amount} contracts, at most {limits.contracts_max}"
            value = request.amount * float(seen.venue.index_usd)
            # The gate's index may be as old as it may be, and has moved since.
            if value > limits.order_value_max_usd * 1.05:
                yield f"{request.label}: {value:.0f} USD, at most {limits.order_value_max_usd:.0f}"
            hour = [r for r in seen.requests if r.at > request.at - HOUR and _is_entry_of(engine, r)]
            if not is_exit and len(hour) > limits.orders_per_hour:
                yield f"{request.label}: {len(hour)} entry requests within an hour"


def fenced_is_silent(seen: SeenOutside) -> Iterator[str]:
    """7. No life that has ended has told, asked or sent anything."""
    for engine in seen.engines:
        yield from engine.messages.fenced_senders


def not_too_many_positions(seen: SeenOutside) -> Iterator[str]:
    """8. No more positions than allowed over all engines, and no entry while an order is in doubt."""
    allowed = max(engine.strategy.strategy.max_open_positions for engine in seen.engines)
    held = _open_by_label(seen.venue.trades)
    at_venue = {name for name, size in seen.venue.sizes.items() if size}
    # Nobody could know of an entry that the venue filled after it had said that it was cancelled.
    unknown = {_proposal(label) for text in seen.cancelled if (label := OrderLabel.parse(text)) is not None}
    live = sorted(each for each, names in held.items() if names & at_venue and each not in unknown)
    if len(live) - _crossed(seen.venue, live) > allowed:
        yield f"{len(live)} positions are open, at most {allowed} may be: {live}"
    for request in seen.requests[-1:]:
        label = OrderLabel.parse(request.label)
        if label is None or label.kind is not InstructionKind.ENTRY or request.tool != PLACE:
            continue
        if request.was_in_doubt:
            yield f"{request.label}: an entry was sent while an order was in doubt"


def _crossed(venue: VenueSeen, live: Sequence[str]) -> int:
    """How many of these entries nobody could keep apart from the one before: they were on their way at the
    same time, and each was filled before its engine could look at the account again."""
    filled: dict[str, datetime] = {}
    for trade in venue.trades.values():
        filled[trade.label] = min(trade.timestamp, filled.get(trade.label, trade.timestamp))
    arrived = sorted(
        order.order.created_at
        for order in venue.orders.values()
        if (label := OrderLabel.parse(order.order.label)) is not None
        and label.kind is InstructionKind.ENTRY
        and _proposal(label) in live
        and (at := filled.get(order.order.label)) is not None
        and at - order.order.created_at < CROSSING
    )
    return sum(later - earlier < CROSSING for earlier, later in pairwise(arrived))


def _terms_off(sent: Sent, limits: LimitsSection) -> Iterator[str]:
    if sent.asked is None:
        return
    terms, reference = sent.command.permit.terms, sent.asked.request.reference_eth
    wide = max(TICK_ETH * limits.collar_ticks, abs(reference) * Decimal(str(limits.collar_frac)))
    if terms.limit_eth < reference - wide:
        yield f"{_label(sent)}: {terms.limit_eth} is beyond the collar {reference} - {wide}"
    if not terms.purpose.is_entry and not terms.reduce_only:
        yield f"{_label(sent)}: an exit that is not reduce-only was permitted"
    as_of = sent.asked.marks_as_of
    asked_at = sent.asked.envelope.sent_at
    if as_of is None or asked_at - as_of > timedelta(seconds=limits.market_data_age_max_s):
        yield f"{_label(sent)}: permitted at {asked_at} on market data of {as_of}"


def _open_by_label(trades: Mapping[str, Trade]) -> dict[str, set[str]]:
    """Of each proposal that our trades leave open, the instruments, deliveries left out of account.

    The proposals of two engines may have one name; the tags of their labels differ.
    """
    sizes: dict[str, Counter[str]] = {}
    for trade in trades.values():
        label = OrderLabel.parse(trade.label)
        if label is not None:
            signed = Side(trade.side).sign * int(trade.amount)
            sizes.setdefault(_proposal(label), Counter())[trade.instrument_name] += signed
    return {each: {name for name, size in held.items() if size} for each, held in sizes.items()}


def _proposal(label: OrderLabel) -> str:
    return f"{label.position_id} {label.tag}"


def _label(sent: Sent) -> str:
    return str(sent.command.instruction.label if isinstance(sent.command, SendOrder) else sent.command.label)


def _is_entry(sent: Sent) -> bool:
    return sent.command.permit.terms.purpose.is_entry


def _is_entry_of(engine: EngineSeen, request: Request) -> bool:
    label = OrderLabel.parse(request.label)
    return label is not None and label.kind is InstructionKind.ENTRY and _is_of(engine, request.label)


def _is_of(engine: EngineSeen, label: str) -> bool:
    return any(_label(sent) == label for sent in engine.messages.sent)


def _lives(sent: Sent, permit: Permit) -> timedelta:
    assert sent.asked is not None
    # The switch may have taken as long as the ask waits to give it.
    return permit.expires_at - sent.at
