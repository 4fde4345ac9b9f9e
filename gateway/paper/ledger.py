"""The venue's own ledger, served at `LEDGER_PATH`: the account at the start and now, and assumptions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from core.contract import Money, UtcTime
from core.values import Side, Value, premium_eth
from gateway.paper.venue import USD_QUANTUM, Venue

LEDGER_PATH: Final = "/paper/ledger"


class LedgerEntry(Value):
    """The account at one moment."""

    at: UtcTime
    balance_eth: Money
    equity_eth: Money
    equity_usd: Money


class BalanceChange(Value):
    """One change of the balance, fee included."""

    at: UtcTime
    kind: str
    reference: str
    amount_eth: Money


class Ledger(Value):
    """`end.balance_eth` − `start.balance_eth` is the sum of the cash flows, to the last decimal."""

    market: str
    start: LedgerEntry
    end: LedgerEntry
    assumptions: dict[str, str]
    cash_flows: tuple[BalanceChange, ...]


def entry(venue: Venue) -> LedgerEntry:
    """The account now."""
    equity = venue.equity_eth()
    return LedgerEntry(
        at=venue.clock,
        balance_eth=venue.account.balance_eth,
        equity_eth=equity,
        equity_usd=(equity * venue.index_usd()).quantize(USD_QUANTUM),
    )


def cash_flows(venue: Venue) -> tuple[BalanceChange, ...]:
    """Every change of the balance, in the order in which they were booked."""
    flows: list[tuple[datetime, str, str, Decimal]] = []
    for trade in venue.account.trades.values():
        received = premium_eth(Side(trade.side), trade.price, trade.amount)
        flows.append((trade.timestamp, "trade", trade.trade_id, received - trade.fee))
    for key, settlement in venue.account.settlements.items():
        flows.append((settlement.timestamp, "settlement", key, settlement.cash_flow - settlement.fee))
    flows.sort(key=lambda flow: flow[0])
    return tuple(
        BalanceChange(at=at, kind=kind, reference=ref, amount_eth=eth) for at, kind, ref, eth in flows
    )
