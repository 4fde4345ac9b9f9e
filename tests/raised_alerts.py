"""`@pytest.mark.raises_alert(AlertCode.…)`: the test fails unless alerts of these codes are raised in it.

`tests/tidy/test_alerts.py` asks for such a test of every code, so that no entry of the table is of an alert
that can't come.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert
from core.messages.room_status import AlertRow

MARK = "raises_alert"
PAST_THE_BOOKS = frozenset({AlertCode.START_FAILED, AlertCode.ALERT_PARKED})
"""Sent by their raisers themselves: without an engine, or in the place of an alert that was refused."""


def expected(item: pytest.Item) -> set[AlertCode]:
    """The codes that the test's marks name."""
    return {code for mark in item.iter_markers(MARK) for code in mark.args}


@contextmanager
def noted(codes: set[AlertCode]) -> Iterator[None]:
    """Meanwhile add the code of each alert that is raised in this process."""
    raised, written = RaiseAlert.__init__, AlertRow.__init__

    def noting(self: RaiseAlert, /, **fields: Any) -> None:
        raised(self, **fields)
        codes.add(self.code)

    def noting_row(self: AlertRow, /, **fields: Any) -> None:
        written(self, **fields)
        codes.update(code for code in PAST_THE_BOOKS if code == self.code)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RaiseAlert, "__init__", noting)
        patch.setattr(AlertRow, "__init__", noting_row)
        yield
