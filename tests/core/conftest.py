"""Under mutation the examples go before the properties: what a mutant breaks is found sooner."""

from __future__ import annotations

import os

import pytest
from hypothesis import is_hypothesis_test


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("MUTANT_UNDER_TEST"):
        items.sort(key=lambda item: isinstance(item, pytest.Function) and is_hypothesis_test(item.obj))
