"""The long rooms go first, so that no worker is left alone with one at the end (`tests/conftest.py`)."""

from __future__ import annotations

import pytest

from tests.conftest import FIRST, TESTS


def test_long_rooms_go_first_and_xdist_keeps_that_order(request: pytest.FixtureRequest) -> None:
    assert all((TESTS / room).is_dir() for room in FIRST)
    rooms = [item.path.relative_to(TESTS).parts[0] for item in request.session.items]
    later = [room not in FIRST for room in rooms]
    assert later == sorted(later)
    assert not getattr(request.config.option, "loadscopereorder", False)
