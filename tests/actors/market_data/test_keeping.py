"""What market_data tells the recorder, and that it is asked for nothing that a cycle waits for."""

from __future__ import annotations

from datetime import timedelta

from actors.market_data.keeping import AFTER_SNAPSHOT_S, AGAIN_S
from actors.runtime.testing import FakeAddress
from core.contract import GetDvolHistory, GetOptionsChain
from core.messages.mcp import Fetch, McpFault
from core.messages.recorder import KeepReading, KeepSeries, ReadFor, RecordSeries
from core.messages.state import Recorded, RecordMarketSnapshot
from tests.actors.market_data.room import CYCLE, HOUR, Room
from tests.core.example_market import NOW

SERIES_TOOLS = [
    "get_historical",
    "get_dvol_history",
    "get_funding_history",
    "get_cross_exchange_funding",
    "get_calendar",
]


def recording() -> Room:
    return Room(recorder=FakeAddress("recorder"))


def told(room: Room) -> list[object]:
    return room.ctx.told_to("recorder")


def stored(room: Room) -> None:
    """A snapshot of now, on disk."""
    room.due(room.ctx.now())
    room.answer()
    record = [made for made in room.ctx.told_to("state") if isinstance(made, RecordMarketSnapshot)][-1]
    room.tell(Recorded(request_id=record.request_id))


def advance(room: Room, seconds: float) -> None:
    for message in room.ctx.advance(seconds):
        room.tell(message)


def test_an_entrys_market_is_kept_with_all_that_its_decision_reads() -> None:
    room = recording()
    room.ask_entry()
    room.answer()
    (kept,) = told(room)
    assert isinstance(kept, KeepReading)
    assert (kept.reader, kept.cycle_id, kept.slot) == (ReadFor.ENTRY, CYCLE, NOW)
    assert (kept.spot_usd, kept.dvol) == (3000.5, 65.0)
    market = kept.inputs["market"]
    assert isinstance(market, dict)
    assert set(market) >= {"spot_usd", "dvol_24h_ago", "index_hourly_closes", "funding", "macro_events"}
    assert "chain" not in market
    assert len(kept.chain) > 0


def test_a_monitors_market_is_kept_too() -> None:
    room = recording()
    room.ask_monitor()
    room.answer()
    (kept,) = told(room)
    assert isinstance(kept, KeepReading)
    assert kept.reader is ReadFor.MONITOR
    assert "chain" not in kept.inputs


def test_a_market_that_could_not_be_read_is_not_kept() -> None:
    room = recording()
    room.ask_entry()
    room.answer(fail={"get_dvol": McpFault.SERVER})
    assert told(room) == []


def test_a_stored_snapshot_is_kept_from_the_next_expiry_on_and_not_only_what_the_books_hold() -> None:
    room = recording()
    stored(room)
    (kept,) = told(room)
    assert isinstance(kept, KeepReading)
    assert (kept.reader, kept.slot, kept.inputs) == (ReadFor.SNAPSHOT, NOW, {"funding": 0.0876})
    asked = [
        made.request
        for _, made in room.ctx.told
        if isinstance(made, Fetch) and isinstance(made.request, GetOptionsChain)
    ]
    assert asked[-1].expiry_from == NOW


def test_the_series_are_read_once_an_hour_some_minutes_after_a_snapshot() -> None:
    room = recording()
    stored(room)
    advance(room, AFTER_SNAPSHOT_S)
    assert room.answer() == SERIES_TOOLS
    series = told(room)[-1]
    assert isinstance(series, KeepSeries)
    assert {row.series for row in series.rows} == set(RecordSeries)
    advance(room, 900.0 - AFTER_SNAPSHOT_S)
    stored(room)
    advance(room, AFTER_SNAPSHOT_S)
    assert room.answer() == []


def test_the_first_reading_of_a_life_goes_back_a_month_and_later_ones_some_hours() -> None:
    room = recording()
    starts = []
    for _ in range(2):
        stored(room)
        advance(room, AFTER_SNAPSHOT_S)
        room.answer()
        starts += [
            room.ctx.now() - made.request.start
            for _, made in room.ctx.told
            if isinstance(made, Fetch) and isinstance(made.request, GetDvolHistory)
        ][-1:]
        advance(room, 3600.0)
    assert timedelta(days=32) <= starts[0] < timedelta(days=32, hours=2)
    assert 4 * HOUR < starts[1] < 7 * HOUR


def test_while_a_cycle_reads_the_market_the_series_wait() -> None:
    room = recording()
    stored(room)
    advance(room, AFTER_SNAPSHOT_S - 1.0)
    room.ask_entry()
    advance(room, 1.0)
    assert "get_options_chain" in room.answer()
    assert not any(isinstance(made, KeepSeries) for made in told(room))
    advance(room, AGAIN_S)
    assert room.answer() == SERIES_TOOLS


def test_what_a_router_does_not_answer_is_left_out_of_the_series() -> None:
    room = recording()
    stored(room)
    advance(room, AFTER_SNAPSHOT_S)
    room.answer(fail={"get_calendar": McpFault.SERVER, "get_cross_exchange_funding": McpFault.SERVER})
    series = told(room)[-1]
    assert isinstance(series, KeepSeries)
    assert {row.series for row in series.rows} == {
        RecordSeries.INDEX,
        RecordSeries.DVOL,
        RecordSeries.FUNDING,
    }


def test_without_a_recorder_nothing_more_is_asked_and_nothing_is_told() -> None:
    room = Room()
    stored(room)
    advance(room, 2 * AFTER_SNAPSHOT_S)
    assert room.answer() == []
    assert told(room) == []
