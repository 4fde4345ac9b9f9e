"""A person arms in the middle of a trade: what rests of an entry is pulled now, an exit goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from actors.kill_switch import DiskKillFile
from core.kill_file import KILL_FILE_NAME
from core.messages.kill_switch import ArmKillSwitch
from core.orders.books import CycleOutcome, Job
from core.orders.lifecycle import PositionState
from reading.books import kill_switch_row
from reading.switch.arming import new_arming
from tests.scenarios.playing import BEGIN, TO_ENTRY, TO_EXIT, Play, Played, assert_laws_hold, copied, play

ENTRY = "entry-20260105T140000Z"
EXIT = "monitor-20260106T120000Z"
SLOW = ("venue:latency:1.0",)
"""Every call takes up to 6 s of market time, so that something can happen between an order and its answer."""
PULLED_WITHIN = timedelta(seconds=30)
"""What is under way comes back, then a cancel and a read of the slow venue."""
ACKNOWLEDGED_WITHIN = timedelta(seconds=4)
"""A permit's lifetime and a second."""


@pytest.fixture(scope="module")
def unharmed(folder: Path) -> Played:
    """The entry on the slow venue, in which nobody arms: an armed run is the same up to its arming."""
    return play(folder / "unharmed", TO_ENTRY, faults=SLOW)


def sent(played: Played, correlation: str, what: str) -> list[datetime]:
    found = played.envelopes(correlation)
    return [envelope.sent_at for envelope in found if type(envelope.message).__name__ == what]


def armed(data_dir: Path, at: datetime, *, faults: tuple[str, ...] = SLOW, seed: int = 1) -> Played:
    """A run in which a person arms at that moment; it is looked at when all should be pulled."""
    under_way = Play(data_dir, seed=seed, faults=faults)
    under_way.run_until(at)
    room = under_way.engine.system.address
    room("kill_switch").tell(ArmKillSwitch(reason="drill", who="ada"), sender=room("health"))
    under_way.run_until(at + PULLED_WITHIN)
    orders = under_way.venue.venue.account.orders.values()
    assert [order.order.label for order in orders if order.order.state == "open"] == []
    under_way.run_until(max(at + PULLED_WITHIN, BEGIN + TO_ENTRY))
    return under_way.stop()


def assert_acknowledged(played: Played, at: datetime) -> None:
    [acknowledged] = [
        envelope
        for envelope in played.trace.items()
        if type(envelope.message).__name__ == "KillSwitchArmed" and envelope.to.name == "health"
    ]
    assert acknowledged.sent_at - at <= ACKNOWLEDGED_WITHIN


def assert_pulled(played: Played, at: datetime) -> None:
    assert_laws_hold(played)
    assert_acknowledged(played, at)
    [entry] = [cycle for cycle in played.cycles if cycle.job is Job.ENTRY]
    assert entry.outcome is CycleOutcome.NOT_FILLED
    assert entry.reasons == ("armed",)
    assert played.venue_sizes == {}


def test_an_arming_pulls_the_entry_that_rests(unharmed: Played, folder: Path) -> None:
    at = sent(unharmed, ENTRY, "OrderAccepted")[0] + timedelta(seconds=20)
    played = armed(folder / "resting", at)
    assert_pulled(played, at)
    assert sent(played, ENTRY, "EditOrder") == []


def test_an_arming_between_an_order_and_its_answer_pulls_what_was_placed(
    unharmed: Played, folder: Path
) -> None:
    left, answered = sent(unharmed, ENTRY, "SendOrder")[0], sent(unharmed, ENTRY, "OrderAccepted")[0]
    at = left + (answered - left) / 2
    played = armed(folder / "placing", at)
    assert_pulled(played, at)
    assert sent(played, ENTRY, "OrderAccepted")[0] > at


def test_an_arming_between_an_edit_and_its_answer_pulls_what_was_edited(
    unharmed: Played, folder: Path
) -> None:
    left, answered = sent(unharmed, ENTRY, "EditOrder")[0], sent(unharmed, ENTRY, "OrderAccepted")[1]
    at = left + (answered - left) / 2
    assert_pulled(armed(folder / "editing", at), at)


@pytest.mark.long
def test_an_arming_at_any_moment_of_an_entry_leaves_nothing_resting(unharmed: Played, folder: Path) -> None:
    moments = sorted({envelope.sent_at for envelope in unharmed.envelopes(ENTRY)})
    for number, at in enumerate(moments[:: len(moments) // 6]):
        played = armed(folder / f"any-{number}", at)
        assert_laws_hold(played)
        assert_acknowledged(played, at)


@pytest.mark.long
def test_an_exit_that_is_armed_in_its_middle_goes_on_to_its_end(folder: Path) -> None:
    """`kill_switch.exits` is `allow_reduce_only`: closing a risk is what a person wants then."""
    calm = play(folder / "calm", TO_EXIT)
    at = sent(calm, EXIT, "OrderAccepted")[0] + timedelta(seconds=20)
    under_way = Play(folder / "exit")
    under_way.run_until(at)
    under_way.engine.system.address("kill_switch").tell(ArmKillSwitch(reason="drill", who="ada"))
    under_way.run_until(BEGIN + TO_EXIT)
    played = under_way.stop()
    assert_laws_hold(played)
    [trade] = played.trades
    assert trade.state is PositionState.CLOSED
    assert sent(played, EXIT, "CancelOrder") == []


@pytest.fixture(scope="module")
def with_a_position(folder: Path) -> Path:
    """What a kill leaves of an engine that holds a position."""
    play_on = Play(folder / "position")
    play_on.run_until(BEGIN + TO_ENTRY)
    left = copied(play_on.data_dir, folder / "position-left")
    play_on.abandon()
    return left


def by_command(path: Path) -> None:
    DiskKillFile(path.parent).add(new_arming("while no engine runs", "ada"))


@pytest.mark.parametrize(
    "lay",
    [
        by_command,
        pytest.param(Path.touch, marks=pytest.mark.soak),
        pytest.param(Path.mkdir, marks=pytest.mark.long),
    ],
    ids=["command", "empty", "unreadable"],
)
def test_an_exit_leaves_an_engine_that_was_armed_before_it_started(
    with_a_position: Path, folder: Path, request: pytest.FixtureRequest, lay: Callable[[Path], None]
) -> None:
    """The setting allows reduce-only exits, and whoever laid the file has not said otherwise."""
    left = copied(with_a_position, folder / f"armed-before-{request.node.callspec.id}")
    lay(left / KILL_FILE_NAME)
    second = Play(left, life=2, begin=BEGIN + TO_ENTRY)
    second.run_until(BEGIN + TO_EXIT)
    played = second.stop()
    assert_laws_hold(played)
    [trade] = played.trades
    assert trade.state is PositionState.CLOSED
    row = kill_switch_row(left)
    assert row is not None
    assert row.armed
