"""The kill switch's house, as most of its tests begin with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.kill_switch import SwitchHouse


@pytest.fixture
def house(tmp_path: Path) -> SwitchHouse:
    """A switch that has started and knows every fact."""
    house = SwitchHouse(tmp_path)
    house.advance(10)
    house.refresh()
    return house
