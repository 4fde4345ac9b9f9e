"""Types that every package shares: money, identifiers, sides, legs. Frozen, no behaviour beyond arithmetic.

Money that is booked is `Decimal` (ETH to 1e-8); statistics (greeks, volatility, ratios) are `float`.
Volatility is in percent points (62.5 means 62.5 %) if its name ends in `_pct`, `dvol` or `rv14`, and a
fraction if it ends in `_frac` or is called `sigma`. All times are timezone-aware UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NewType

from pydantic import BaseModel, ConfigDict

CycleId = NewType("CycleId", str)
ProposalId = NewType("ProposalId", str)
PositionId = NewType("PositionId", str)
Label = NewType("Label", str)
"""`{proposal_id}:{tag}:{e|x}{attempt}`: one instruction, one label, one send, for ever."""
OrderId = NewType("OrderId", str)

SLOTS_KEPT = 64
"""The text of a slot is in the ids of all that its cycle says, and is made again by each room."""
ETH_QUANTUM = Decimal("0.00000001")
"""The venue rounds every cash amount to this, half-even."""
COMBO_TICK_ETH = Decimal("0.0001")


class Value(BaseModel):
    """Base of every frozen value: no unknown field, no change after the fact."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Failed(Value):
    """The result of a request that could not be carried out: every reason as a stable code."""

    reasons: tuple[str, ...]

    @classmethod
    def of(cls, *reasons: str) -> Failed:
        """A failure for these reasons."""
        return cls(reasons=reasons)

    def __str__(self) -> str:
        return ", ".join(self.reasons)


class OptionType(StrEnum):
    PUT = "put"
    CALL = "call"


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a bought amount, -1 for a sold one."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class SpreadKind(StrEnum):
    BULL_PUT = "bull_put"
    BEAR_CALL = "bear_call"
    IRON_CONDOR = "iron_condor"


class Environment(StrEnum):
    TESTNET = "testnet"
    MAINNET = "mainnet"
    PAPER = "paper"


class Leg(Value):
    """One leg of a combo, as executed at entry: `side` SELL is a short leg. One contract is 1 ETH."""

    instrument_name: str
    option_type: OptionType
    strike_usd: float
    expiration: datetime
    side: Side
    ratio: int = 1

    def reversed(self) -> Leg:
        """The leg that closes this one."""
        return self.model_copy(update={"side": self.side.opposite})


class Mode(Value):
    """What the environment switches on: watching the market (`data_analysis`) and trading (`strategy`)."""

    data_analysis: bool
    strategy: bool

    @property
    def name(self) -> str:
        """One word for status, log and audit."""
        if self.strategy:
            return "strategy" if self.data_analysis else "strategy_without_data_analysis"
        return "data_analysis" if self.data_analysis else "idle"


def premium_eth(side: Side, price_eth: Decimal, contracts: int | Decimal) -> Decimal:
    """The cash that a trade brings before its fee, negative if it costs, rounded as the venue does."""
    return round_eth(-side.sign * price_eth * contracts)


@lru_cache(SLOTS_KEPT)
def slot_text(slot: datetime) -> str:
    """A slot in UTC, as ids carry it: `20260105T140000Z`, or to the microsecond if it has any.

    Different slots have different texts: a person's command has the moment of its recording as its slot.
    """
    text = (slot if slot.tzinfo is UTC else slot.astimezone(UTC)).isoformat()
    # `2026-01-05T14:00:00+00:00`, cut: a backtest of five years names thousands of slots.
    return f"{text[:4]}{text[5:7]}{text[8:13]}{text[14:16]}{text[17:-6]}Z"


def cycle_id_of(job: str, slot: datetime) -> CycleId:
    """The id of the one cycle of a job's slot, from which the ids of its proposal and labels are made."""
    return CycleId(f"{job}-{slot_text(slot)}")


def slot_of(cycle_id: CycleId) -> datetime:
    """The slot of a cycle, from its id."""
    text = cycle_id.rpartition("-")[2]
    form = "%Y%m%dT%H%M%S.%fZ" if "." in text else "%Y%m%dT%H%M%SZ"
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def round_eth(amount_eth: Decimal) -> Decimal:
    """Round a cash amount as the venue does: to 1e-8 ETH, half-even."""
    return amount_eth.quantize(ETH_QUANTUM, rounding=ROUND_HALF_EVEN)
