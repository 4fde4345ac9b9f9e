"""What a person lets the venue assume is written plainly, or refused by name."""

from __future__ import annotations

import pytest

from core.errors import InputError
from gateway.paper.assumptions import Assumptions


@pytest.mark.parametrize("given", ["balance_eth=1_000", "balance_eth=٣", "max_gap_h=1_2", "touch_size= 3"])
def test_an_assumption_is_written_in_plain_digits(given: str) -> None:
    with pytest.raises(InputError, match=r"--assume \w+: expected a number, found"):
        Assumptions.parse([given])
