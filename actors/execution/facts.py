"""Fresh facts for the gate, read right before a permit is asked for: environment, clock, index."""

from __future__ import annotations

from datetime import datetime

from actors.execution.line import PROBE_WITHIN_S, Line, tool_answer
from core.contract import (
    ENVIRONMENT_INFO,
    GET_INDEX_PRICE,
    CurrencyRequest,
    EnvironmentInfo,
    NoArguments,
)
from core.market.venue_clock import clock_offset
from core.messages.arm_cause import ArmCause
from core.messages.kill_switch import MarksChanged
from core.messages.mcp import FetchFailed
from core.messages.room_status import (
    VenueChecked,
)
from core.values import Environment, Failed


async def read_environment(line: Line) -> EnvironmentInfo | FetchFailed:
    """Read what the venue says of itself, once, and tell the kill switch; a wrong environment arms it."""
    answer = await line.fetch(ENVIRONMENT_INFO, NoArguments(), retry=False, within_s=PROBE_WITHIN_S)
    if isinstance(answer, FetchFailed):
        return answer
    info = tool_answer(ENVIRONMENT_INFO, answer)
    environment = Environment(info.environment)
    offset = clock_offset(info.server_time, sent_at=answer.sent_at, received_at=answer.received_at)
    line.tell(
        line.rooms.kill_switch,
        VenueChecked(
            as_of=answer.received_at,
            environment=environment,
            account=info.account,
            clock_offset_s=offset.proven_s,
            clock_offset_max_s=offset.max_s,
            features=info.features,
        ),
    )
    expected = line.strategy.execution.environment
    if environment is not expected:
        line.arm(ArmCause.ENVIRONMENT, f"the venue is {environment}, expected {expected}")
    return info


async def refresh_facts(line: Line) -> float | Failed:
    """Tell the kill switch fresh facts. Returns the spot in USD, or why they could not be read."""
    info = await read_environment(line)
    if isinstance(info, FetchFailed):
        return Failed.of(f"environment_unknown:{info.fault}")
    answer = await line.read(GET_INDEX_PRICE, CurrencyRequest(), retry=False, within_s=PROBE_WITHIN_S)
    if isinstance(answer, FetchFailed):
        return Failed.of(f"index_unknown:{answer.fault}")
    marks = MarksChanged(as_of=answer.timestamp, spot_usd=float(answer.price))
    line.tell(line.rooms.kill_switch, marks)
    return marks.spot_usd


async def has_expired(line: Line, expiration: datetime) -> bool:
    """Whether it has come by our clock and by the venue's: ours may be ahead. False if the venue does not
    say."""
    if line.ctx.now() < expiration:
        return False
    info = await read_environment(line)
    return isinstance(info, EnvironmentInfo) and info.server_time >= expiration
