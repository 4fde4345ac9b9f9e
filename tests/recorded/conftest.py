"""How much of the record a test reads: a sample or one month by default, all of it under the mark `soak`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recorded.market import SAMPLE_EVERY

FIRST_MONTHS = ("2025-12", "2026-01")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(SAMPLE_EVERY, id="sample"),
        pytest.param(1, id="whole", marks=pytest.mark.soak),
    ],
)
def every(request: pytest.FixtureRequest) -> int:
    """Each how-manieth snapshot is read."""
    chosen: int = request.param
    return chosen


@pytest.fixture(scope="session")
def first_month(recorded_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the recorded one, whose chains end with January."""
    folder = tmp_path_factory.mktemp("first-month")
    (folder / "chains").mkdir()
    for path in recorded_data.iterdir():
        if path.is_file():
            (folder / path.name).symlink_to(path)
    for month in FIRST_MONTHS:
        (path,) = (recorded_data / "chains").glob(f"*{month}.csv.gz")
        (folder / "chains" / path.name).symlink_to(path)
    return folder
