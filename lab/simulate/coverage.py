"""Which disturbances have met which phases of an order's life, and which never did."""

from __future__ import annotations

from collections import Counter
from typing import Final

from actors.runtime import Envelope
from core.messages.execution import ClosePosition, OrderFinal, PlaceCombo, SettleExpired
from core.messages.kill_switch import BooksChanged, RequestPermit
from core.messages.market_data import FetchSnapshot
from core.messages.mcp import CancelOrder, EditOrder, OrderAccepted, OrderUnknown, SendOrder
from core.messages.scheduler import StartJobs
from core.messages.state import RecordInstruction, RecordOrder
from core.orders.books import InstructionKind

PHASES: Final = (
    "boot",
    "idle",
    "deciding",
    "proposed",
    "permit",
    "recorded",
    "sending",
    "resting",
    "editing",
    "cancelling",
    "in doubt",
    "booking",
    "holding",
    "exit due",
    "exit recorded",
    "exit sending",
    "exit resting",
    "settling",
    "down",
)


_TELLING: Final = frozenset(
    {
        StartJobs,
        FetchSnapshot,
        PlaceCombo,
        ClosePosition,
        RequestPermit,
        RecordInstruction,
        SendOrder,
        OrderAccepted,
        OrderUnknown,
        EditOrder,
        CancelOrder,
        RecordOrder,
        SettleExpired,
        OrderFinal,
        BooksChanged,
    }
)
"""The messages that tell a phase; of ten that are sent, nine tell none."""


class Phases:
    """The phase of an engine's life, told by its messages."""

    def __init__(self) -> None:
        self.now = "boot"
        self._holds = False
        self._exits = False

    def begin_life(self) -> None:
        self.now = "boot"

    def take(self, envelope: Envelope) -> None:
        """One message, as it is sent."""
        if type(envelope.message) not in _TELLING:
            return
        match envelope.message:
            case StartJobs():
                self.now = self._rest
            case FetchSnapshot():
                self.now = "deciding"
            case PlaceCombo():
                self.now, self._exits = "proposed", False
            case ClosePosition():
                self.now, self._exits = "exit due", True
            case RequestPermit(terms=terms):
                self._exits = not terms.purpose.is_entry
                self.now = "exit due" if self._exits else "permit"
            case RecordInstruction(instruction=instruction):
                self._exits = instruction.kind is InstructionKind.EXIT
                self.now = "exit recorded" if self._exits else "recorded"
            case SendOrder():
                self.now = "exit sending" if self._exits else "sending"
            case OrderAccepted(order=order) if order.state == "open":
                self.now = "exit resting" if self._exits else "resting"
            case OrderUnknown():
                self.now = "in doubt"
            case EditOrder():
                self.now = "editing"
            case CancelOrder():
                self.now = "cancelling"
            case RecordOrder(fills=fills) if fills:
                self.now = "booking"
            case SettleExpired():
                self.now = "settling"
            case OrderFinal():
                self.now = self._rest
            case BooksChanged(books=books):
                self._holds = any(position.contracts for position in books.open_positions)
                # With no order in the books nothing is under way, unless one is about to be.
                is_over = self.now in ("idle", "holding", "settling") or not books.orders
                if is_over and self.now not in ("boot", "deciding", "proposed", "permit"):
                    self.now = self._rest
            case _:
                pass

    @property
    def _rest(self) -> str:
        return "holding" if self._holds else "idle"


class Coverage:
    """Counts of disturbances by phase, over all seeds."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def hit(self, family: str, phase: str) -> None:
        self.counts[family, phase] += 1

    def add(self, others: Counter[tuple[str, str]]) -> None:
        self.counts.update(others)

    def never(self, families: tuple[str, ...]) -> dict[str, list[str]]:
        """Of each disturbance, the phases that it never met."""
        return {
            family: missed
            for family in families
            if (missed := [phase for phase in PHASES if not self.counts[family, phase]])
        }

    def table(self, families: tuple[str, ...]) -> list[str]:
        """A line a disturbance: how often it met each phase."""
        return [
            f"{family}: "
            + ", ".join(f"{phase} {count}" for phase in PHASES if (count := self.counts[family, phase]))
            for family in families
        ]
