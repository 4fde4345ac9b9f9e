"""From switch, books and market to the facts that the rules read; and the exit facts of one position."""

from __future__ import annotations

from datetime import datetime

from core.messages.kill_switch import KillSwitchStatus
from core.messages.market_data import EntryMarket, MonitorMarket
from core.orders.books import Books, Position
from core.orders.lifecycle import PositionState
from core.rules.entry.blocked import check_blocked
from core.rules.facts import EntryFacts, MonitorFacts, OpenPositionFacts
from core.strategy import Strategy
from core.values import Mode, Value


class EngineFacts(Value):
    """What rule 1 reads: known before anything is fetched."""

    strategy_enabled: bool
    armed: bool
    suspended_reasons: tuple[str, ...]
    open_positions: int
    orders_in_doubt: int


HELD = frozenset({PositionState.OPEN, PositionState.CLOSING})


def blocked_reasons(
    switch: KillSwitchStatus, books: Books, mode: Mode, strategy: Strategy
) -> tuple[str, ...]:
    """Rule 1 before anything is fetched: every reason why this cycle may not enter."""
    known = EngineFacts(
        strategy_enabled=mode.strategy,
        armed=switch.armed,
        suspended_reasons=tuple(sorted(switch.suspensions)),
        open_positions=len(books.open_positions),
        orders_in_doubt=len(books.orders_in_doubt),
    )
    return check_blocked(known, strategy).reasons


def entry_facts(
    now: datetime, switch: KillSwitchStatus, books: Books, mode: Mode, market: EntryMarket
) -> EntryFacts:
    """All that an entry decision reads."""
    return EntryFacts(
        now=now,
        strategy_enabled=mode.strategy,
        armed=switch.armed,
        suspended_reasons=tuple(sorted(switch.suspensions)),
        open_positions=len(books.open_positions),
        orders_in_doubt=len(books.orders_in_doubt),
        equity_usd=market.equity_usd,
        eur_usd=market.eur_usd,
        eth_share=market.eth_share,
        venue_equity_eth=market.venue_equity_eth,
        initial_margin_eth=market.initial_margin_eth,
        risk_open_usd=sum(risk_usd(position) for position in books.open_positions),
        spot_usd=market.spot_usd,
        dvol=market.dvol,
        dvol_24h_ago=market.dvol_24h_ago,
        index_hourly_closes=market.index_hourly_closes,
        funding=market.funding,
        macro_events=market.macro_events,
        liquidation_level=market.liquidation_level,
        chain=market.chain,
    )


def risk_usd(position: Position) -> float:
    """The worst loss of a position in USD; one that still grows counts in its full planned size."""
    held = position.state in HELD
    contracts = position.contracts if held else max(position.contracts, position.plan.contracts)
    return position.plan.worst_loss_usd * contracts


def is_held(position: Position) -> bool:
    """True where there is something to close."""
    return position.state in HELD and position.contracts > 0


def monitor_facts(now: datetime, position: Position, market: MonitorMarket) -> MonitorFacts:
    """All that an exit decision on this position reads."""
    plan = position.plan
    return MonitorFacts(
        now=now,
        position=OpenPositionFacts(
            position_id=position.position_id,
            kind=position.kind,
            legs=plan.legs,
            contracts=position.contracts,
            credit_eth=position.credit_eth / position.contracts_opened,
            entered_at=position.entered_at or now,
            expiration=plan.expiration,
            entry_spot_usd=plan.entry_spot_usd,
            entry_dvol=plan.entry_dvol,
        ),
        spot_usd=market.spot_usd,
        spot_4h_ago_usd=market.spot_4h_ago_usd,
        dvol=market.dvol,
        chain=market.chain,
    )
