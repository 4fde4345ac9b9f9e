"""Makes the facts that the entry and exit rules read from the switch, the books and the market."""

from __future__ import annotations

from datetime import datetime

from core.messages.kill_switch import KillSwitchStatus
from core.messages.market_data import EntryMarket
from core.orders.books import Books, Position
from core.orders.lifecycle import PositionState
from core.rules.entry.blocked import check_blocked
from core.rules.facts import EngineFacts, EntryFacts, MonitorFacts, MonitorMarket, OpenPositionFacts
from core.strategy import Strategy
from core.values import Mode

HELD = frozenset({PositionState.OPEN, PositionState.CLOSING})


def engine_facts(switch: KillSwitchStatus, books: Books, mode: Mode) -> EngineFacts:
    """What is known before anything is fetched."""
    return EngineFacts(
        strategy_enabled=mode.strategy,
        armed=switch.armed,
        suspended_reasons=(*sorted(switch.suspensions), *_latched(switch, books)),
        open_positions=len(books.open_positions),
        orders_in_doubt=len(books.orders_in_doubt),
        risk_open_usd=sum(risk_usd(position) for position in books.open_positions),
    )


def _latched(switch: KillSwitchStatus, books: Books) -> tuple[str, ...]:
    """Source and reason of each latch on entries: a switch that has just started may not know it yet, and a
    pause may not be in the books yet."""
    latches = {latch.source: latch for latch in (*switch.latches, *books.latched)}
    return tuple(f"{source}: {latches[source].reason}" for source in sorted(latches))


def blocked_reasons(
    switch: KillSwitchStatus, books: Books, mode: Mode, strategy: Strategy
) -> tuple[str, ...]:
    """Every reason of rule 1 why this cycle may not enter, known before anything is fetched."""
    return check_blocked(engine_facts(switch, books, mode), strategy).reasons


def entry_facts(
    now: datetime, switch: KillSwitchStatus, books: Books, mode: Mode, found: EntryMarket
) -> EntryFacts:
    """All that an entry decision reads."""
    engine = engine_facts(switch, books, mode)
    return EntryFacts(now=now, engine=engine, account=found.account, market=found.market)


def risk_usd(position: Position) -> float:
    """The worst loss of a position in USD; one whose entry is not filled yet counts at its planned size."""
    held = position.state in HELD
    contracts = position.contracts if held else max(position.contracts, position.plan.contracts)
    return position.plan.worst_loss_usd * contracts


def is_held(position: Position) -> bool:
    """True if there is something to close."""
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
        market=market,
    )
