"""Where the recorded answers of the venue and of other hosts are."""

from __future__ import annotations

from pathlib import Path

import pytest

SCHEMA = "deribit_api_schema_2026-03.json.gz"


@pytest.fixture(scope="session")
def reference(recorded_data: Path) -> Path:
    """The folder `reference` beside the recorded data; skips where there is none."""
    folder = recorded_data.parent / "reference"
    if not (folder / "deribit_responses").is_dir():
        pytest.skip(f"no recorded answers: expected reference/ beside {recorded_data}")
    return folder


@pytest.fixture(scope="session")
def deribit_responses(reference: Path) -> Path:
    """The answers that were seen in public, a folder for each origin."""
    return reference / "deribit_responses"
