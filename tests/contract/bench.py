"""What a contract case needs of a venue: a transport, a clock that the case moves, and a combo to trade."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar, cast

from pydantic import BaseModel

from actors.http import Response, Transport
from actors.mcp.client import McpClient
from actors.mcp.credentials import McpCredentials
from core.contract import ComboLeg, GetOptionsChain, Order, OrderAnswer, PlaceComboOrder, Router
from core.market.option_chain import OptionChain, Quote
from core.strategy import Strategy
from core.values import Environment, OptionType

AnswerT = TypeVar("AnswerT", bound=BaseModel)


@dataclass
class BenchClock:
    """Market time of one case."""

    time: datetime
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


@dataclass
class Bench:
    """One venue on the bench. `fills_next` prepares the venue to fill the next marketable order."""

    name: str
    transport: Transport
    clock: BenchClock
    credentials: McpCredentials
    fills_next: Callable[[int], None]
    environment: Environment = Environment.PAPER

    def __post_init__(self) -> None:
        self.client = McpClient(
            router=Router.DERIBIT,
            transport=self.transport,
            credentials=self.credentials,
            strategy=Strategy(),
        )

    def read(self, tool: str, request: BaseModel, model: type[AnswerT]) -> AnswerT:
        answer = self.client.read(tool, request, correlation=self.name, now=self.clock.now())
        assert isinstance(answer, model)
        return answer

    def post(self, tool: str, request: BaseModel) -> Response:
        return self.client.post(tool, request, correlation=self.name)

    def spread(self) -> tuple[Quote, Quote]:
        """A short and a long put of the expiry nearest eleven days."""
        week_after_next = timedelta(days=7), timedelta(days=15)
        begin, end = (self.clock.now() + days for days in week_after_next)
        asked = GetOptionsChain(expiry_from=begin, expiry_to=end)
        chain = cast(
            "OptionChain",
            self.client.read("get_options_chain", asked, correlation=self.name, now=self.clock.now()),
        )
        target = self.clock.now() + timedelta(days=11)
        expiry = min(chain.expiries, key=lambda expiry: abs(expiry - target))
        puts = [quote for quote in chain.side(expiry, OptionType.PUT) if quote.two_sided]
        short = min(puts, key=lambda quote: abs(quote.abs_delta - 0.25))
        long = max((q for q in puts if q.strike_usd < short.strike_usd), key=lambda q: q.strike_usd)
        return short, long

    def entry(self, label: str, *, marketable: bool, amount: int = 1) -> PlaceComboOrder:
        """A credit spread: at natural if it shall fill, far above it if it shall rest."""
        short, long = self.spread()
        assert short.bid_eth is not None
        assert long.ask_eth is not None
        natural = short.bid_eth - long.ask_eth
        return PlaceComboOrder(
            legs=(
                ComboLeg(instrument_name=short.instrument_name, side="sell"),
                ComboLeg(instrument_name=long.instrument_name, side="buy"),
            ),
            amount=Decimal(amount),
            side="sell",
            price=natural if marketable else natural + Decimal("0.0100"),
            label=label,
            valid_until=self.clock.now() + timedelta(seconds=3),
        )

    def place(self, label: str, *, marketable: bool = False, amount: int = 1) -> Order:
        if marketable:
            self.fills_next(amount)
        response = self.post("place_combo_order", self.entry(label, marketable=marketable, amount=amount))
        assert response.status == 200, response.body
        return order_in(response)


def order_in(response: Response) -> Order:
    """The order of an answer that has one."""
    return OrderAnswer.model_validate_json(response.body).order
