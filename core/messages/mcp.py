"""The MCP routers: reads by `Fetch`, orders by their own actor with its own connection.

One handler makes one attempt; retries of reads are timers inside the router's actor. A placement is sent
once.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

from core.contract import Order, Router
from core.market.option_chain import OptionChain
from core.messages.base import Answered, Command, Event, Query
from core.messages.kill_switch import Permit
from core.orders.books import Instruction
from core.orders.terms import OrderTerms
from core.values import Label, OrderId


class McpFault(StrEnum):
    """The kind of an `McpError`, as data."""

    AUTH = "auth"
    TOOL_NOT_FOUND = "tool_not_found"
    REQUEST = "request"
    SOFT = "soft"
    ANOMALY = "anomaly"
    RATE_LIMIT = "rate_limit"
    SERVER = "server"
    TIMEOUT = "timeout"
    DEADLINE = "deadline"


class Fetched(Event):
    """`answer` is the tool's answer model; for `get_options_chain` it is an `OptionChain`.

    `sent_at` and `received_at` are those of the attempt that succeeded.
    """

    request_id: str
    router: Router
    tool: str
    answer: BaseModel | OptionChain
    sent_at: datetime
    received_at: datetime


class FetchFailed(Event):
    request_id: str
    router: Router
    tool: str
    fault: McpFault
    error: str
    attempts: int


class Fetch(Query[Fetched | FetchFailed]):
    """Read one tool; answered by `Fetched` or `FetchFailed` told to the sender.

    No attempt starts after `deadline`.
    """

    request_id: str
    tool: str
    request: BaseModel
    deadline: datetime
    retry: bool = True


class RouterProbed(Event):
    """`warnings` are the router's own, quoted; none if it did not answer."""

    request_id: str
    router: Router
    ok: bool
    maintenance: bool
    version: str | None
    environment: str | None
    warnings: tuple[str, ...]
    error: str | None
    latency_s: float
    at: datetime


class ProbeRouter(Query[RouterProbed]):
    """A single attempt at `GET health`; answered by `RouterProbed`."""

    request_id: str


class OrderAccepted(Event):
    """The venue answered with the order; a rejected one has state `rejected` and a reason."""

    label: Label
    action: OrderAction
    attempt_id: str
    order: Order


class OrderRefused(Event):
    """Definitely not placed, edited or cancelled. `reason` is a stable code, `detail` the server's words."""

    label: Label
    action: OrderAction
    attempt_id: str
    reason: str
    detail: str


class OrderUnknown(Event):
    """The request may have taken effect: to be resolved by look-ups only."""

    label: Label
    action: OrderAction
    attempt_id: str
    detail: str


OrderOutcome = OrderAccepted | OrderRefused | OrderUnknown
"""The possible results of one attempt at an order.

`attempt_id` is that of the command: an answer that comes late must not be taken for that of a later attempt.
"""


class SendOrder(Command, Answered[OrderOutcome]):
    """One HTTP attempt under the permit; answered by `OrderAccepted`, `OrderRefused` or `OrderUnknown`."""

    instruction: Instruction
    permit: Permit

    @property
    def attempt_id(self) -> str:
        """A permit is for one attempt."""
        return self.permit.permit_id


class EditOrder(Command, Answered[OrderOutcome]):
    """A new price for a resting order, under a permit of its own; answered like `SendOrder`."""

    label: Label
    order_id: OrderId
    terms: OrderTerms
    permit: Permit

    @property
    def attempt_id(self) -> str:
        """A permit is for one attempt."""
        return self.permit.permit_id


class CancelOrder(Command, Answered[OrderOutcome]):
    """Needs no permit; answered by `OrderAccepted` (the order as it is), `OrderRefused` or `OrderUnknown`."""

    label: Label
    order_id: OrderId
    attempt_id: str


class OrderAction(StrEnum):
    PLACE = "place"
    EDIT = "edit"
    CANCEL = "cancel"
