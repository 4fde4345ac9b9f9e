"""Shared by the tests of core. Under mutation, tests by example run before properties: they fail sooner."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from hypothesis import is_hypothesis_test


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("MUTANT_UNDER_TEST"):
        items.sort(key=lambda item: isinstance(item, pytest.Function) and is_hypothesis_test(item.obj))


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sets the machine's time zone to five and a half hours ahead of UTC."""
    monkeypatch.setenv("TZ", "IST-5:30")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
