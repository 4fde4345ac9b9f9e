"""Books an exit that a person knows of and neither the books nor the venue's lists show any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from cli.offline_records import record_offline
from core.contract.worth import FEE_MAX_ETH, pays_at_most_eth
from core.errors import InputError
from core.how_many import how_many
from core.messages.audit import AuditEvent, AuditKind
from core.messages.state import AnyRecording, RecordInstruction, RecordOrder, RecordSent
from core.orders.books import Fill, Instruction, InstructionKind, OrderRow, Position
from core.orders.exit_rule import ExitRule
from core.orders.label import OrderLabel, exit_attempt
from core.orders.lifecycle import OrderState, PositionState
from core.system_keys import TAG_KEY
from core.values import Leg, PositionId, ProposalId, round_eth
from reading.backups import stored_settings
from reading.books import stored_orders, stored_positions
from reading.operator import operator_name


@dataclass(frozen=True)
class ToldExit:
    """What a person says: so many contracts were closed, each leg at this price (ETH a contract, by
    instrument), for this fee in all (ETH), at this index (USD) and time."""

    position_id: PositionId
    contracts: int
    prices_eth: Mapping[str, Decimal]
    fee_eth: Decimal
    index_usd: Decimal
    at: datetime
    reason: str


def told_exit(
    position: str, contracts: int, prices: list[str], fee: str, index: str, at: str, reason: str
) -> ToldExit:
    """What was told, from its texts. Raises InputError naming the option that can't be read."""
    prices_eth: dict[str, Decimal] = {}
    for told in prices:
        name, is_given, price = told.partition("=")
        if not is_given or name in prices_eth:
            raise InputError(f"--price: expected LEG=ETH once for each leg, found {told!r}")
        prices_eth[name] = _number("--price", price)
    try:
        traded_at = datetime.fromisoformat(at)
    except ValueError:
        raise InputError(f"--at: expected a time such as 2026-01-06T12:04:00Z, found {at!r}") from None
    if traded_at.tzinfo is None:
        raise InputError(f"--at: expected a time with its zone, such as {at}Z, found none")
    if not reason.strip():
        raise InputError("--reason: expected where you know it from, found nothing")
    return ToldExit(
        position_id=PositionId(position),
        contracts=contracts,
        prices_eth=prices_eth,
        fee_eth=_number("--fee", fee),
        index_usd=_number("--index", index),
        at=traded_at.astimezone(UTC),
        reason=reason,
    )


def _number(option: str, text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise InputError(f"{option}: expected a number, found {text!r}")
    return found


def booked_exit(data_dir: Path, told: ToldExit, now: datetime) -> str:
    """Book it, and say what was booked. Nobody else may use the folder meanwhile.

    Nothing is sent: at the next start recovery compares the sizes with the venue's as always. Raises
    InputError for what can't be, FoundWrongError as `record_offline` does.
    """
    position = _position(data_dir, told)
    legs = tuple(leg.reversed() for leg in position.plan.legs)
    _check(told, position, legs, now)
    label = _label(data_dir, told)
    net_eth = sum(
        (leg.side.sign * -told.prices_eth[leg.instrument_name] * leg.ratio for leg in legs), Decimal(0)
    )
    record_offline(data_dir, _requests(told, legs, label, net_eth), now)
    left = position.contracts - told.contracts
    return (
        f"{told.position_id}: an exit of {how_many(told.contracts, 'contract')} at {net_eth:f} ETH is booked"
        f" as {label.text}; {left} left. Start the engine, which compares that with the venue, and disarm"
    )


def _position(data_dir: Path, told: ToldExit) -> Position:
    live = {each.position_id: each for each in stored_positions(data_dir, everything=False)}
    position = live.get(told.position_id)
    takes = (PositionState.OPEN, PositionState.CLOSING)
    if position is None or position.state not in takes:
        known = ", ".join(live) or "none"
        raise InputError(f"{told.position_id}: expected an open position ({known}); nothing was changed")
    return position


def _check(told: ToldExit, position: Position, legs: tuple[Leg, ...], now: datetime) -> None:
    """Raise InputError naming what can't be."""
    if not 1 <= told.contracts <= position.contracts:
        raise InputError(
            f"--contracts: expected 1 to {position.contracts}, found {told.contracts}; nothing was changed"
        )
    names = sorted(leg.instrument_name for leg in legs)
    if sorted(told.prices_eth) != names:
        found = ", ".join(sorted(told.prices_eth)) or "none"
        raise InputError(f"--price: expected one each for {', '.join(names)}, found {found}")
    if told.index_usd <= 0:
        raise InputError(f"--index: expected the index in USD, found {told.index_usd}; nothing was changed")
    for name, price_eth in told.prices_eth.items():
        most = pays_at_most_eth(name, told.index_usd)
        if not 0 <= price_eth <= most:
            raise InputError(f"--price {name}: expected 0 to {most:.4f} ETH a contract, found {price_eth}")
    most_fee = FEE_MAX_ETH * told.contracts * sum(leg.ratio for leg in legs)
    if not 0 <= told.fee_eth <= most_fee:
        raise InputError(f"--fee: expected 0 to {most_fee} ETH in all, found {told.fee_eth}")
    since = position.entered_at or told.at
    if not since <= told.at <= now or told.at >= position.plan.expiration:
        raise InputError(
            f"--at: expected a time from {since.isoformat()} on, in the past and before the legs expire,"
            f" found {told.at.isoformat()}"
        )


def _label(data_dir: Path, told: ToldExit) -> OrderLabel:
    """As an exit of that second would have; another second if that is taken."""
    known = {instruction.label for instruction, _ in stored_orders(data_dir, None)}
    attempt = exit_attempt(told.at)
    tag = stored_settings(data_dir).get(TAG_KEY)
    while True:
        label = OrderLabel(
            proposal_id=ProposalId(told.position_id), tag=tag, kind=InstructionKind.EXIT, attempt=attempt
        )
        if label.text not in known:
            return label
        attempt += 1


def _requests(
    told: ToldExit, legs: tuple[Leg, ...], label: OrderLabel, net_eth: Decimal
) -> list[AnyRecording]:
    stamp = f"told-{label.text}"
    instruction = Instruction(
        label=label.text,
        proposal_id=label.proposal_id,
        cycle_id=None,
        kind=label.kind,
        attempt=label.attempt,
        legs=legs,
        amount=told.contracts,
        limit_eth=net_eth,
        reduce_only=True,
        valid_until=told.at,
        created_at=told.at,
        exit_rule=ExitRule.MANUAL,
    )
    row = OrderRow(
        label=label.text,
        state=OrderState.FILLED,
        amount=told.contracts,
        filled_amount=told.contracts,
        limit_eth=net_eth,
        average_price_eth=net_eth,
        reason="told by a person",
        updated_at=told.at,
    )
    event = AuditEvent(
        kind=AuditKind.ADOPTED,
        at=told.at,
        detail={"what": "an exit that a person told", "who": operator_name(), "reason": told.reason},
    )
    return [
        RecordInstruction(request_id=f"{stamp}-instruction", instruction=instruction, audit=(event,)),
        RecordSent(request_id=f"{stamp}-sent", label=label.text, at=told.at),
        RecordOrder(
            request_id=f"{stamp}-order", order=row, fills=_fills(told, legs, label), by_reconcile=True
        ),
    ]


def _fills(told: ToldExit, legs: tuple[Leg, ...], label: OrderLabel) -> tuple[Fill, ...]:
    """One a leg. The fee is shared to 1e-8 ETH, and the last takes the rest."""
    share = round_eth(told.fee_eth / len(legs))
    fees = [share] * (len(legs) - 1)
    fees.append(told.fee_eth - sum(fees, Decimal(0)))
    return tuple(
        Fill(
            trade_id=f"told:{label.text}:{number}",
            label=label.text,
            instrument_name=leg.instrument_name,
            side=leg.side.value,
            amount=told.contracts * leg.ratio,
            price_eth=told.prices_eth[leg.instrument_name],
            fee_eth=fee_eth,
            index_usd=told.index_usd,
            at=told.at,
        )
        for number, (leg, fee_eth) in enumerate(zip(legs, fees, strict=True))
    )
