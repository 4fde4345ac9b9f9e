"""A fake venue behind the `Transport` port: orders in memory, filled by the test, faults by the call."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from pydantic import BaseModel, ValidationError

from actors.http import ConnectionCut, NoAnswer, NotConnected, Response
from core.contract import (
    EditOrderRequest,
    EnvironmentInfo,
    GetMargins,
    IndexPrice,
    Margins,
    MaybeOrder,
    Order,
    OrderAnswer,
    OrderIdRequest,
    OrderLeg,
    Orders,
    PlaceComboOrder,
    Positions,
    Router,
    Settlement,
    Settlements,
    Trade,
    Trades,
    VenuePosition,
)
from core.contract.base import health_path, tool_path
from core.contract.registry import REQUIRED_FEATURES, TOOLS
from core.pricing.black76 import deltas, year_fraction
from core.values import OptionType

Quote = tuple[str | None, str | None, str]
"""Bid, ask and mark of one option, ETH."""


class FakeVenue:
    """`faults[tool]` are played on the next calls of that tool, one each; None plays none.

    Faults: `before` and `after` (no answer, without or with the effect), `refused` (no connection), `cut`
    (as `after`, by a broken connection), a status code, or a whole Response.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.environment = "paper"
        self.account = "A1"
        self.clock_ahead_s = 0.0
        self.index_usd = Decimal(3000)
        self.orders: dict[str, Order] = {}
        self.trades: list[Trade] = []
        self.settlements: list[Settlement] = []
        self.alien: dict[str, int] = {}
        self.expired: set[str] = set()
        self.quotes: dict[str, Quote] = {}
        self.expiration = datetime.fromisoformat("2026-01-16T08:00:00+00:00")
        self.fill_next: deque[int] = deque()
        self.fill_on_cancel = 0
        self.faults: defaultdict[str, deque[str | int | Response | None]] = defaultdict(deque)
        self.strange: defaultdict[str, list[object]] = defaultdict(list)
        """Rows that are added to the lists of a tool, whatever they are."""
        self.before: dict[str, Callable[[], None]] = {}
        """What happens at the venue right before it takes up the next request of a tool, once."""
        self.said: dict[str, Callable[[bytes], bytes]] = {}
        """What a tool says instead of the truth, each time; who is told once takes itself out of here."""
        self.calls: list[tuple[str, dict[str, object], Mapping[str, str]]] = []
        self.margins: Margins | None = None
        self.down = False
        self.closed = False
        self._number = 0

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        tool = path.rpartition("/")[2]
        if path not in (tool_path(Router.DERIBIT, tool), health_path(Router.DERIBIT)):
            return Response(404, {}, b'{"detail": "not the router of orders"}')
        request = json.loads(body) if body else {}
        self.calls.append((tool, request, headers))
        fault = self.faults[tool].popleft() if self.faults[tool] else None
        if self.down or fault == "refused":
            raise NotConnected(path)
        if fault == "before":
            raise NoAnswer(path)
        if isinstance(fault, Response):
            return fault
        if isinstance(fault, int):
            return Response(fault, {"retry-after": "2"}, b'{"detail": "played"}')
        self.before.pop(tool, lambda: None)()
        status, answer = self._serve(tool, body or b"{}")
        if fault == "after":
            raise NoAnswer(path)
        if fault == "cut":
            raise ConnectionCut(path)
        return Response(status, {}, answer)

    def close(self) -> None:
        self.closed = True

    def named(self, tool: str) -> list[dict[str, object]]:
        """The requests of one tool, in order."""
        return [request for name, request, _ in self.calls if name == tool]

    def placed(self) -> list[PlaceComboOrder]:
        """The orders that it was to place, in order."""
        return [PlaceComboOrder.model_validate(request) for request in self.named("place_combo_order")]

    def order(self, label: str) -> Order:
        return next(order for order in self.orders.values() if order.label == label)

    def fill(self, label: str, combos: int) -> None:
        """Fill a resting order at its limit."""
        order = self.order(label)
        self._number += 1
        for i, leg in enumerate(order.legs):
            share = abs(order.price) if i == 0 else Decimal(0)
            self.trades.append(
                Trade(
                    trade_id=f"T{self._number}-{i}",
                    order_id=order.order_id,
                    label=order.label,
                    instrument_name=leg.instrument_name,
                    side=leg.side,
                    amount=Decimal(combos * leg.ratio),
                    price=share,
                    fee=Decimal("0.0003"),
                    timestamp=self._clock(),
                    index_price=self.index_usd,
                )
            )
        filled = order.filled_amount + combos
        state = "filled" if filled >= order.amount else order.state
        self._change(order, filled_amount=filled, average_price=order.price, state=state)

    def put(self, label: str, like: Order | PlaceComboOrder, **update: object) -> Order:
        """An order that somebody else has placed: the legs and terms of `like`, changed by `update`."""
        self._number += 1
        order = Order(
            order_id=f"O{self._number}",
            label=label,
            state="open",
            amount=like.amount,
            filled_amount=Decimal(0),
            average_price=None,
            price=like.price,
            legs=tuple(OrderLeg(**leg.model_dump()) for leg in like.legs),
            created_at=self._clock(),
            updated_at=self._clock(),
        ).model_copy(update=update)
        self.orders[order.order_id] = order
        return order

    def sizes(self) -> dict[str, int]:
        sizes: defaultdict[str, int] = defaultdict(int, self.alien)
        for trade in self.trades:
            sizes[trade.instrument_name] += int(trade.amount) * (1 if trade.side == "buy" else -1)
        return {name: size for name, size in sizes.items() if size and name not in self.expired}

    def settle(self) -> None:
        """Deliver everything that is held, at the index."""
        for name, size in self.sizes().items():
            self.settlements.append(
                Settlement(
                    instrument_name=name,
                    delivery_price=self.index_usd,
                    size=Decimal(size),
                    cash_flow=Decimal(0),
                    fee=Decimal(0),
                    timestamp=self.expiration,
                )
            )
            self.expired.add(name)

    def _serve(self, tool: str, body: bytes) -> tuple[int, bytes]:
        if tool == "health":
            return 200, b'{"status": "ok", "version": "1", "environment": "paper"}'
        try:
            request = TOOLS[Router.DERIBIT, tool].request.model_validate_json(body)
        except ValidationError as error:
            return 422, json.dumps({"detail": str(error)}).encode()
        answer = getattr(self, f"_{tool}")(request)
        if isinstance(answer, tuple):
            return answer
        told = answer if isinstance(answer, bytes) else answer.model_dump_json().encode()
        told = self.said.get(tool, bytes)(told)
        return 200, self._with_strange_rows(tool, told)

    def _with_strange_rows(self, tool: str, told: bytes) -> bytes:
        if not self.strange[tool]:
            return told
        lists = {name: rows for name, rows in json.loads(told).items() if isinstance(rows, list)}
        return json.dumps({name: rows + self.strange[tool] for name, rows in lists.items()}).encode()

    def _get_margins(self, request: GetMargins) -> Margins:
        """Margin in the size of ours, and a collar that is far away; `margins` says otherwise."""
        return self.margins or Margins(
            initial_margin=request.amount * Decimal("0.1"),
            maintenance_margin=request.amount * Decimal("0.1"),
            min_price=Decimal(-1),
            max_price=Decimal(1),
        )

    def _environment_info(self, _: BaseModel) -> EnvironmentInfo:
        ahead = timedelta(seconds=self.clock_ahead_s)
        return EnvironmentInfo.model_validate(
            {
                "environment": self.environment,
                "account": self.account,
                "server_time": self._clock() + ahead,
                "features": sorted(REQUIRED_FEATURES),
            }
        )

    def _get_index_price(self, _: BaseModel) -> IndexPrice:
        return IndexPrice(price=self.index_usd, timestamp=self._clock())

    def _place_combo_order(self, request: PlaceComboOrder) -> OrderAnswer | tuple[int, bytes]:
        known = [order for order in self.orders.values() if order.label == request.label]
        if known:
            return 409, OrderAnswer(order=known[0]).model_dump_json().encode()
        if self._is_late(request.valid_until):
            return 422, b'{"detail": "valid_until has passed"}'
        self._number += 1
        order = Order(
            order_id=f"O{self._number}",
            label=request.label,
            state="open",
            amount=request.amount,
            filled_amount=Decimal(0),
            average_price=None,
            price=request.price,
            legs=tuple(OrderLeg(**leg.model_dump()) for leg in request.legs),
            created_at=self._clock(),
            updated_at=self._clock(),
        )
        self.orders[order.order_id] = order
        combos = self.fill_next.popleft() if self.fill_next else 0
        if combos:
            self.fill(order.label, combos)
        return OrderAnswer(order=self.orders[order.order_id])

    def _edit_order(self, request: EditOrderRequest) -> OrderAnswer | tuple[int, bytes]:
        order = self.orders.get(request.order_id)
        if order is None or order.state != "open":
            return 422, b'{"detail": "11044 not open"}'
        if self._is_late(request.valid_until):
            return 422, b'{"detail": "valid_until has passed"}'
        self._change(order, price=request.price)
        return OrderAnswer(order=self.orders[request.order_id])

    def _cancel_order(self, request: OrderIdRequest) -> OrderAnswer | tuple[int, bytes]:
        order = self.orders.get(request.order_id)
        if order is None or order.state != "open":
            return 422, b'{"detail": "11044 not open"}'
        if self.fill_on_cancel:
            self.fill(order.label, self.fill_on_cancel)
            order = self.orders[request.order_id]
        if order.state == "open":
            self._change(order, state="cancelled")
        return OrderAnswer(order=self.orders[request.order_id])

    def _get_order_by_label(self, request: BaseModel) -> MaybeOrder:
        label = request.model_dump()["label"]
        return MaybeOrder(order=next((o for o in self.orders.values() if o.label == label), None))

    def _get_open_orders(self, _: BaseModel) -> Orders:
        return Orders(orders=tuple(o for o in self.orders.values() if o.state == "open"))

    def _get_order_history(self, _: BaseModel) -> Orders:
        return Orders(orders=tuple(o for o in self.orders.values() if o.state != "open"))

    def _get_user_trades(self, _: BaseModel) -> Trades:
        return Trades(trades=tuple(self.trades))

    def _get_trades_by_order(self, request: OrderIdRequest) -> Trades:
        return Trades(trades=tuple(t for t in self.trades if t.order_id == request.order_id))

    def _get_positions(self, _: BaseModel) -> Positions:
        zero = Decimal(0)
        return Positions(
            positions=tuple(
                VenuePosition(
                    instrument_name=name,
                    size=Decimal(size),
                    average_price=zero,
                    mark_price=zero,
                    floating_pnl=zero,
                    delta=0.0,
                    gamma=0.0,
                    theta=0.0,
                    vega=0.0,
                )
                for name, size in self.sizes().items()
            )
        )

    def _get_settlements(self, _: BaseModel) -> Settlements:
        return Settlements(settlements=tuple(self.settlements))

    def _get_options_chain(self, _: BaseModel) -> bytes:
        return self.chain_now()

    def chain_now(self) -> bytes:
        """The answer of `get_options_chain` at this moment."""
        now, forward, iv_pct = self._clock(), 3000.0, 60.0
        quotes = []
        for name, (bid, ask, mark) in self.quotes.items():
            strike, letter = name.split("-")[2:]
            option_type = OptionType.PUT if letter == "P" else OptionType.CALL
            t_years = year_fraction(now, self.expiration)
            (delta,) = deltas([option_type], forward, [float(strike)], t_years, [iv_pct / 100])
            quotes.append(
                {
                    "instrument_name": name,
                    "strike": strike,
                    "option_type": option_type.value,
                    "expiration": self.expiration.isoformat(),
                    "bid": bid,
                    "ask": ask,
                    "bid_size": 10.0,
                    "ask_size": 10.0,
                    "mark_price": mark,
                    "mark_iv": iv_pct,
                    "delta": delta,
                    "gamma": 0.0,
                    "theta": 0.0,
                    "vega": 0.0,
                    "open_interest": 1000.0,
                    "volume_24h": 100.0,
                    "underlying_price": str(forward),
                    "timestamp": now.isoformat(),
                }
            )
        return json.dumps({"quotes": quotes}).encode()

    def _is_late(self, valid_until: datetime | None) -> bool:
        now = self._clock() + timedelta(seconds=self.clock_ahead_s)
        return valid_until is not None and now > valid_until

    def _change(self, order: Order, **update: object) -> None:
        changed = order.model_copy(update={**update, "updated_at": self._clock()})
        self.orders[order.order_id] = changed
