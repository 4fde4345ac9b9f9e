"""A page of a test waits for its first reading, however busy the machine is."""

from __future__ import annotations

import pytest

from page.sources import folder


@pytest.fixture(autouse=True)
def first_reading_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "FIRST_WAIT_S", 60.0)
