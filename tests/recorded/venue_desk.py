"""One account at the embedded venue over the recorded chains, read and traded by pure functions alone.

The venue's own tools answer (index, chain, account, order desk, matching, deliveries); the facts of the rules
are put together from those answers here, and orders are worked as execution works them: placed, looked at and
repriced every minute, cancelled when their time is over. No actor, no thread, no HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from core.contract import (
    CoinRequest,
    ComboLeg,
    CurrencyRequest,
    DvolHistory,
    EditOrderRequest,
    GetCalendar,
    GetDvolHistory,
    GetFundingHistory,
    GetFxRate,
    GetHistorical,
    GetOptionsChain,
    Historical,
    PlaceComboOrder,
    Trade,
)
from core.market.forwards import forwards_of
from core.market.observations import HourlyClose, Level, MacroEvent, MeanFunding
from core.market.option_chain import OptionChain
from core.orders.closing_cost import closing_cost
from core.orders.ladder import exit_reference_eth, next_entry_price_eth, next_exit_price_eth
from core.orders.limits import GateFacts, check_limits
from core.orders.plan import ComboPlan
from core.orders.terms import OrderPurpose, OrderTerms
from core.rules.facts import (
    AccountFacts,
    EngineFacts,
    EntryFacts,
    HeldAccount,
    MarketFacts,
    MonitorFacts,
    MonitorMarket,
    OpenPositionFacts,
    TradingFacts,
)
from core.strategy import Strategy
from core.values import Environment, Failed, Leg
from gateway.paper import market_tools as public
from gateway.paper import orders as desk
from gateway.paper import trading_tools as private
from gateway.paper.account import Account, VenueOrder
from gateway.paper.assumptions import Assumptions
from gateway.paper.recorded import RecordedMarket
from gateway.paper.source import MarketSource, hole_at
from gateway.paper.venue import Venue

ETH = CurrencyRequest()
HYPERLIQUID = "hyperliquid"
STILL_STEPS_MAX = 10
"""An exit that stands still so long is replaced by execution; the record never comes to that."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def recorded_market(chains: Path, assumptions: Assumptions) -> RecordedMarket:
    """The recorded chains as the venue replays them."""
    return RecordedMarket(
        chains, "move", float(assumptions.touch_size), funding_annual=assumptions.funding_annual
    )


class VenueDesk:
    """The venue, the strategy, and the time of the venue's clock."""

    def __init__(self, market: Path | MarketSource, strategy: Strategy) -> None:
        """`market` is a folder of recorded chains, or a market of the venue's."""
        assumptions = Assumptions()
        source = recorded_market(market, assumptions) if isinstance(market, Path) else market
        self.strategy = strategy
        self.start = source.start
        self.venue = Venue(source, Account(assumptions.balance_eth), source.start, assumptions)

    @property
    def has_quotes(self) -> bool:
        """False in a hole of the record."""
        return hole_at(self.venue.source.holes, self.now) is None

    @property
    def now(self) -> datetime:
        return self.venue.clock

    def advance(self, to: datetime) -> None:
        self.venue.advance(to)

    def chain(self, first: datetime, last: datetime) -> OptionChain:
        """The quotes of the expiries in [first, last], decoded and judged."""
        answer = public.get_options_chain(self.venue, GetOptionsChain(expiry_from=first, expiry_to=last))
        return OptionChain.decode(
            answer,
            now=self.now,
            anomalies=self.strategy.anomalies,
            max_quote_age_s=self.strategy.liquidity.max_quote_age_s,
        )

    def entry_facts(self, trading: TradingFacts) -> EntryFacts:
        """All that an entry with nothing open and a switch at rest reads now."""
        venue, now, strategy = self.venue, self.now, self.strategy
        account = private.get_account_summary(venue, ETH)
        before = DvolHistory.model_validate_json(
            public.get_dvol_history(venue, GetDvolHistory(start=now - 27 * _HOUR, end=now - _DAY))
        )
        strikes = strategy.strikes
        chain = self.chain(now + timedelta(days=strikes.dte_min), now + timedelta(days=strikes.dte_max))
        return EntryFacts(
            now=now,
            engine=EngineFacts(
                strategy_enabled=True, armed=False, open_positions=0, orders_in_doubt=0, risk_open_usd=0.0
            ),
            account=AccountFacts(
                equity_usd=float(private.get_total_equity(venue, CurrencyRequest(currency="USD")).equity),
                eur_usd=private.get_fx_rate(venue, GetFxRate(base="EUR", quote="USD")).rate,
                eth_share=sum(h.share for h in private.get_holdings(venue).holdings if h.asset == "ETH"),
                venue_equity_eth=float(account.equity),
                initial_margin_eth=float(account.initial_margin),
            ),
            market=MarketFacts(
                spot_usd=self.spot_usd(),
                dvol=public.get_dvol(venue, ETH).dvol,
                dvol_24h_ago=before.points[-1].close,
                index_hourly_closes=self._closes(now - 724 * _HOUR),
                funding=self._funding(),
                macro_events=self._events(),
                liquidation_level=Level(
                    public.get_liquidation_pressure(venue, CoinRequest(coin="ETH")).level
                ),
                forwards=forwards_of(chain),
                chain=chain,
            ),
            trading=trading,
        )

    def monitor_facts(self, position: OpenPositionFacts, spot_4h_ago_usd: float) -> MonitorFacts:
        """All that an exit decision on the position reads now."""
        return MonitorFacts(
            now=self.now,
            position=position,
            market=MonitorMarket(
                spot_usd=self.spot_usd(),
                spot_4h_ago_usd=spot_4h_ago_usd,
                dvol=public.get_dvol(self.venue, ETH).dvol,
                account=self.held_account(),
                chain=self.chain(position.expiration, position.expiration),
            ),
            uses_most_margin=True,
        )

    def held_account(self) -> HeldAccount:
        """What the venue says of the account now."""
        account = private.get_account_summary(self.venue, ETH)
        equity = private.get_total_equity(self.venue, CurrencyRequest(currency="USD"))
        return HeldAccount(
            venue_equity_eth=float(account.equity),
            maintenance_margin_eth=float(account.maintenance_margin),
            equity_usd=float(equity.equity),
            eur_usd=private.get_fx_rate(self.venue, GetFxRate(base="EUR", quote="USD")).rate,
        )

    def value_usd(self, plan: ComboPlan, contracts: int) -> Decimal:
        """What the legs of an open trade are worth at the marks; less than nothing for a spread sold."""
        source, at = self.venue.source, self.now
        listed = {option.name: option for option in source.instruments(at, plan.expiration)}
        value = Decimal(0)
        for leg in plan.legs:
            quote = source.valued(at, listed[leg.instrument_name])
            assert quote is not None, f"{leg.instrument_name} at {at.isoformat()}"
            value += leg.side.sign * contracts * Decimal(str(quote.mark_eth))
        return value * Decimal(repr(self.spot_usd()))

    def spot_usd_at(self, moment: datetime) -> float:
        """The index that a look at `moment` would have shown, in cents."""
        return round(self.venue.source.index_usd(moment), 2)

    def work_entry(self, plan: ComboPlan, label: str) -> VenueOrder:
        """Offer the combo from its limit to its floor, a step each `reprice_s`; then it is cancelled."""
        execution = self.strategy.execution
        order = self._place(plan.legs, plan.contracts, plan.limit_eth, plan.natural_eth, label, sent=0)
        ends_at = self.now + timedelta(seconds=execution.fill_timeout_s)
        sent = 1
        while order.is_open:
            self.advance(min(self.now + timedelta(seconds=execution.reprice_s), ends_at))
            order = self._order(order)
            if not order.is_open:
                break
            if self.now >= ends_at:
                return desk.cancel(self.venue, order.order.order_id)
            price = next_entry_price_eth(
                order.order.price,
                mid_eth=plan.mid_eth,
                floor_eth=plan.floor_eth,
                reprice_steps=execution.reprice_steps,
            )
            if price is not None and price != order.order.price:
                self._gate(plan.legs, order.remaining, price, plan.natural_eth, is_entry=True, sent=sent)
                order = self._edit(order, price)
                sent += 1
        return order

    def work_exit(self, plan: ComboPlan, contracts: int, label: str) -> VenueOrder:
        """Close from mid to natural and beyond, at fresh quotes each `exit_reprice_s`, until it is filled."""
        legs = tuple(leg.reversed() for leg in plan.legs)
        price, natural = self._exit_price(plan, step=0)
        order = self._place(legs, contracts, price, natural, label, reduce_only=True)
        step = still_steps = 0
        while order.is_open:
            self.advance(self.now + timedelta(seconds=self.strategy.execution.exit_reprice_s))
            order = self._order(order)
            if not order.is_open:
                break
            step += 1
            price, natural = self._exit_price(plan, step)
            if price == order.order.price:
                still_steps += 1
                if still_steps >= STILL_STEPS_MAX:
                    raise AssertionError(f"{label}: stood still for {still_steps} steps")
                continue
            still_steps = 0
            self._gate(legs, order.remaining, price, natural, is_entry=False)
            order = self._edit(order, price)
        return order

    def trades_of(self, order: VenueOrder) -> list[Trade]:
        found = self.venue.account.trades.values()
        return [trade for trade in found if trade.order_id == order.order.order_id]

    def _exit_price(self, plan: ComboPlan, step: int) -> tuple[Decimal, Decimal]:
        """Limit and natural price of closing now, net ETH received."""
        cost = closing_cost(self.chain(plan.expiration, plan.expiration), plan.legs)
        assert not isinstance(cost, Failed), f"{self.now.isoformat()}: {cost}"
        price = next_exit_price_eth(
            step,
            mid_cost_eth=cost.mid_eth,
            natural_cost_eth=cost.natural_eth,
            exit_steps=self.strategy.execution.exit_steps,
            limits=self.strategy.limits,
        )
        return -price, exit_reference_eth(cost.natural_eth)

    def _place(
        self,
        legs: Sequence[Leg],
        contracts: int,
        price: Decimal,
        natural: Decimal,
        label: str,
        *,
        reduce_only: bool = False,
        sent: int = 0,
    ) -> VenueOrder:
        self._gate(legs, contracts, price, natural, is_entry=not reduce_only, sent=sent)
        request = PlaceComboOrder(
            legs=tuple(
                ComboLeg(instrument_name=leg.instrument_name, side=leg.side.value, ratio=leg.ratio)
                for leg in legs
            ),
            amount=Decimal(contracts),
            side="sell" if price > 0 else "buy",
            price=price,
            label=label,
            reduce_only=reduce_only,
        )
        order = desk.place(self.venue, request)
        if order.order.state == "rejected":
            raise AssertionError(f"{label}: the venue refused it: {order.order.reject_reason}")
        return order

    def _edit(self, order: VenueOrder, price: Decimal) -> VenueOrder:
        request = EditOrderRequest(order_id=order.order.order_id, price=price, amount=order.order.amount)
        return desk.edit(self.venue, request)

    def _order(self, order: VenueOrder) -> VenueOrder:
        return self.venue.account.orders[order.order.order_id]

    def _gate(
        self,
        legs: Sequence[Leg],
        contracts: int,
        price: Decimal,
        natural: Decimal,
        *,
        is_entry: bool,
        sent: int = 0,
    ) -> None:
        """The pre-trade limits with fresh books and marks. Nothing of the record may meet a veto."""
        verdict = check_limits(
            OrderTerms(
                purpose=OrderPurpose.ENTRY if is_entry else OrderPurpose.EXIT,
                legs=tuple(legs),
                amount=contracts,
                limit_eth=price,
                reduce_only=not is_entry,
            ),
            natural,
            GateFacts(
                now=self.now,
                environment=Environment.PAPER,
                venue_clock_offset_s=0.0,
                venue_clock_offset_max_s=0.0,
                spot_usd=self.spot_usd(),
                marks_as_of=self.now,
                books_as_of=self.now,
                open_positions=0,
                orders_in_doubt=0,
                entry_requests_last_hour=sent,
                position_contracts=0 if is_entry else contracts,
            ),
            self.strategy,
        )
        if not verdict.passed:
            raise AssertionError(f"{self.now.isoformat()}: the gate refused: {', '.join(verdict.reasons)}")

    def spot_usd(self) -> float:
        return float(public.get_index_price(self.venue, ETH).price)

    def _closes(self, start: datetime) -> tuple[HourlyClose, ...]:
        request = GetHistorical(instrument="ETH-INDEX", start=start, end=self.now)
        candles = Historical.model_validate_json(public.get_historical(self.venue, request)).candles
        return tuple(HourlyClose(at=c.timestamp + _HOUR, close_usd=float(c.close)) for c in candles)

    def _funding(self) -> tuple[MeanFunding, ...]:
        """The mean of the reference venue's own points, and the other exchanges as they are told."""
        request = GetFundingHistory(coin="ETH", start=self.now - _DAY, end=self.now)
        history = public.get_funding_history(self.venue, request).points
        points = [point for point in history if point.timestamp > self.now - _DAY]
        told = public.get_cross_exchange_funding(self.venue, CoinRequest(coin="ETH")).exchanges
        rates = [
            MeanFunding(venue=rate.name, annualised_frac=rate.annualized_rate, as_of=rate.timestamp)
            for rate in told
            if rate.name != HYPERLIQUID or not points
        ]
        if points:
            mean = sum(point.hourly_rate for point in points) / len(points)
            at = points[-1].timestamp
            rates.append(MeanFunding(venue=HYPERLIQUID, annualised_frac=mean * 8760, as_of=at))
        return tuple(rates)

    def _events(self) -> tuple[MacroEvent, ...]:
        entry = self.strategy.entry
        request = GetCalendar(
            start=self.now - timedelta(hours=entry.macro_before_h),
            end=self.now + timedelta(hours=entry.macro_blackout_h),
            countries=(entry.macro_country,),
            importance="high",
        )
        return tuple(
            MacroEvent(
                name=event.name,
                country=event.country,
                importance=Level(event.importance),
                scheduled_at=event.scheduled_at,
            )
            for event in public.get_calendar(self.venue, request).events
        )
