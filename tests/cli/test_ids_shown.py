"""An id that one command shows is one that another takes; days to expiry are counted from a known time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from reading.books import stored_positions
from reading.position_views import stored_views
from tests.actors.state.books_room import CYCLE, POSITION, PROPOSAL, START, BooksRoom
from tests.cli.support import Cli
from tests.fakes.traded_books import entered


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    room = BooksRoom(tmp_path).start()
    entered(room)
    room.stop()
    return tmp_path


@pytest.mark.parametrize("name", [POSITION, f"{PROPOSAL}:e1"], ids=["position", "label"])
def test_a_position_and_its_orders_lead_to_the_cycle_that_opened_it(
    cli: Cli, folder: Path, name: str
) -> None:
    of_cycle = cli("trace", CYCLE, "--data-dir", folder)
    ran = cli("trace", name, "--data-dir", folder)
    assert (of_cycle.code, ran.code, ran.out) == (0, 0, of_cycle.out), ran.err
    assert ran.err == f"{name} belongs to the cycle {CYCLE}:\n"


def test_without_a_snapshot_the_days_to_expiry_are_those_from_the_last_record(folder: Path) -> None:
    """An entry that was never filled has no time of its own: it is not said to expire now."""
    [position] = stored_positions(folder, everything=False)
    [view] = stored_views(folder, [position.model_copy(update={"entered_at": None})], None).views
    expires: datetime = position.plan.expiration
    assert view.dte == pytest.approx((expires - START).total_seconds() / 86_400, abs=0.1)
    assert view.dte > 1.0
