"""Index, DVOL and chains of the record agree within the bounds of the rule, at every snapshot."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.strategy import Strategy
from tests.recorded.agreement import agreements
from tests.recorded.market import RecordedMarket

pytestmark = pytest.mark.recorded
SPARSE = 6


def test_no_snapshot_of_the_record_is_refused_and_none_comes_near_the_bounds(
    recorded_data: Path, every: int
) -> None:
    found = list(
        agreements(RecordedMarket(recorded_data), Strategy(), every if every == 1 else every * SPARSE)
    )
    assert len(found) > 10
    assert [row.at for row in found if not row.passed] == []
    assert max(row.basis_used for row in found) < 0.6
    assert all(0.8 <= row.iv_over_dvol <= 1.25 for row in found)
