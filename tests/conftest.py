"""Shared fixtures and Hypothesis profiles. The one place that knows where recorded market data lies."""

from __future__ import annotations

import gc
import os
import sqlite3
import sys
import warnings
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from core.alerts import AlertCode
from tests import environment, raised_alerts

environment.enter()
gc.disable()  # Until all tests are collected: what is made until then stays.

TESTS = Path(__file__).resolve().parent
REPOSITORY = TESTS.parent
DEFAULT_RECORDED_DATA = REPOSITORY.parent / "shared" / "data"

FIRST = ("cli", "kills", "gateway", "scenarios")
"""The rooms whose tests start processes or play weeks: the last file of a run keeps one worker busy while the
others have nothing left, so it has to be a short one."""

settings.register_profile(
    "fast", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "ci", max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
# Under mutation a failing example need not be made small, which is what takes the time.
settings.register_profile(
    "mutants",
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("soak", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


class _WarningConnection(sqlite3.Connection):
    """Warns of a connection that nobody has closed, as Python itself does from 3.13 on."""

    _closed = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What could not be opened need not be closed.
        self._closed = False

    def close(self) -> None:
        super().close()
        self._closed = True

    def __del__(self) -> None:
        if not self._closed:
            warnings.warn(f"unclosed database in {self!r}", ResourceWarning, source=self, stacklevel=1)


if sys.version_info < (3, 13):
    # mypy takes no other function in place of an overloaded one.
    vars(sqlite3)["connect"] = partial(sqlite3.connect, factory=_WarningConnection)


def pytest_configure(config: pytest.Config) -> None:
    """Keep pytest-xdist from handing out the files with the fewest tests last: those are the longest."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the long rooms go first."""
    first = tuple(f"{TESTS / room}{os.sep}" for room in FIRST)
    items.sort(key=lambda item: not str(item.path).startswith(first))


def pytest_collection_finish() -> None:
    """Spare each collection of garbage the 17,000 tests and all modules: they stay to the end of the run."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Hold a test to its mark `raises_alert`."""
    expected = raised_alerts.expected(item)
    if not expected:
        return (yield)
    raised: set[AlertCode] = set()
    with raised_alerts.noted(raised):
        yield
    if missing := expected - raised:
        pytest.fail(f"expected alerts of {sorted(expected)}, found none of {sorted(missing)}", pytrace=False)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def recorded_data() -> Path:
    """Folder of the recorded market data (`chains/`, hourly files); skips if there is none.

    A folder that is named by CERBERO_BITE_TEST_DATA but lacks the data is an error, not a skip.
    """
    named = os.environ.get("CERBERO_BITE_TEST_DATA")
    folder = Path(named) if named else DEFAULT_RECORDED_DATA
    if (folder / "chains").is_dir():
        return folder
    if named:
        pytest.fail(f"CERBERO_BITE_TEST_DATA: expected a folder that holds chains/, found {folder}")
    pytest.skip("no recorded market data: set CERBERO_BITE_TEST_DATA to a folder that holds chains/")
