"""Makes the facts that the entry and exit rules read from the switch, the books and the market."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from core.market.option_chain import OptionChain
from core.orders.books import Books, LatchSource, Position, TradeResult
from core.orders.lifecycle import PositionState
from core.rules.entry.blocked import check_blocked
from core.rules.entry.protections import trades_that_may_count
from core.rules.exit.margin import held_margin_eth
from core.rules.facts import (
    EngineFacts,
    EntryFacts,
    MonitorFacts,
    MonitorMarket,
    OpenPositionFacts,
    TradingFacts,
)
from core.statistics.highs import PnlHigh, highs_with, realised_highs
from core.statistics.marked import total_pnl_usd
from core.strategy import Strategy
from core.values import Mode, PositionId

if TYPE_CHECKING:
    # A backtest makes facts without the rooms' messages.
    from core.messages.market_data import EntryMarket
    from core.messages.room_status import KillSwitchStatus

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
    now: datetime,
    switch: KillSwitchStatus,
    books: Books,
    mode: Mode,
    found: EntryMarket,
    trading: TradingFacts,
) -> EntryFacts:
    """All that an entry decision reads."""
    engine = engine_facts(switch, books, mode)
    return EntryFacts(now=now, engine=engine, account=found.account, market=found.market, trading=trading)


class Realised(NamedTuple):
    """All closed trades, oldest first, and what every look makes of them."""

    results: Sequence[TradeResult]
    position_ids: frozenset[PositionId]
    pnl_usd: Decimal


NONE_CLOSED: Final = Realised((), frozenset(), Decimal(0))


def realised(results: Sequence[TradeResult], before: Realised = NONE_CLOSED) -> Realised:
    """Of all closed trades, oldest first. If they begin with those of `before`, only the others are added."""
    known = len(before.results)
    if results[:known] != before.results:
        known, before = 0, NONE_CLOSED
    added = results[known:]
    return Realised(
        results,
        before.position_ids.union([each.position_id for each in added]),
        sum((each.pnl_usd for each in added), before.pnl_usd),
    )


def trading_facts(
    now: datetime,
    books: Books,
    closed: Realised,
    highs: Sequence[PnlHigh],
    *,
    marks_eth: Mapping[str, Decimal],
    spot_usd: float | None,
    strategy: Strategy,
) -> TradingFacts:
    """What the protections read. `highs` are those known so far, to which the P&L of now is added."""
    section, since = strategy.protections, resumed_at(books, now)
    # The books are read before the results, so that one closed in between is in both.
    live = (each for each in books.open_positions if each.position_id not in closed.position_ids)
    pnl = total_pnl_usd((closed.pnl_usd,), live, marks_eth, spot_usd)
    pnl_usd = None if pnl is None else float(pnl)
    if section.drawdown_max_frac is None:
        highs = ()
    elif pnl_usd is not None:
        window = timedelta(days=section.drawdown_window_d)
        if not highs:
            realised = ((each.closed_at, float(each.pnl_usd)) for each in closed.results)
            highs = realised_highs(realised, window=window, since=since)
        highs = highs_with(highs, PnlHigh(at=now, pnl_usd=pnl_usd), window=window, since=since)
    return TradingFacts(
        since=since,
        pnl_usd=pnl_usd,
        highs=tuple(highs),
        trades=trades_that_may_count(closed.results, now, section),
    )


def resumed_at(books: Books, now: datetime) -> datetime | None:
    """When a person last resumed entries after a breach.

    None, so that all counts, if that is still to come: the clock then ran ahead, and until it is there again
    no protection would count anything.
    """
    latch = books.latch(LatchSource.PROTECTIONS)
    resumed = None if latch is None else latch.resumed_at
    return None if resumed is None or resumed > now else resumed


def marks_of(chain: OptionChain | None, positions: Iterable[Position]) -> dict[str, Decimal]:
    """The marks of those legs of which the chain has a sound quote, ETH per contract."""
    names = {leg.instrument_name for position in positions for leg in position.plan.legs}
    quotes = () if chain is None else tuple(map(chain.quote, names))
    return {
        quote.instrument_name: quote.mark_eth for quote in quotes if quote is not None and not quote.faults
    }


def largest_by_margin(positions: Sequence[Position], marks_eth: Mapping[str, Decimal]) -> Position | None:
    """Of these positions the one with the largest maintenance margin, the first of equals; None if none."""
    return max(
        positions, key=lambda each: held_margin_eth(each.plan.legs, each.contracts, marks_eth), default=None
    )


def risk_usd(position: Position) -> float:
    """The worst loss of a position in USD; one whose entry is not filled yet counts at its planned size."""
    held = position.state in HELD
    contracts = position.contracts if held else max(position.contracts, position.plan.contracts)
    return position.plan.worst_loss_usd * contracts


def is_held(position: Position) -> bool:
    """True if there is something to close."""
    return position.state in HELD and position.contracts > 0


def monitor_facts(
    now: datetime, position: Position, market: MonitorMarket, *, uses_most_margin: bool
) -> MonitorFacts:
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
        uses_most_margin=uses_most_margin,
    )


def monitor_inputs(
    now: datetime,
    positions: Sequence[Position],
    market: MonitorMarket,
    *,
    closing: Sequence[Position] = (),
) -> tuple[MonitorFacts, ...]:
    """The facts of all positions that are decided on together. While one of those that are `closing` already
    uses most margin, none of them does."""
    held = (*closing, *positions)
    # One alone uses most, whatever its marks are, so that they need not be looked up.
    most = held[0] if len(held) == 1 else largest_by_margin(held, marks_of(market.chain, held))
    return tuple(monitor_facts(now, each, market, uses_most_margin=each is most) for each in positions)
