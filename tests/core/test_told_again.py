"""Which refusals of the books pass by themselves, and which jobs run however late they are."""

from __future__ import annotations

import pytest

from core.messages.base import Refused
from core.messages.recording import BOOKS_BUSY, DISK_FULL, may_be_told_again
from core.orders.books import Job


@pytest.mark.parametrize(
    ("reasons", "later"),
    [
        ((f"{DISK_FULL}: database or disk is full",), True),
        ((BOOKS_BUSY,), True),
        (("illegal_edge: it is closed",), False),
        (("database_corrupt: disk_full was long ago",), False),
        ((), False),
    ],
)
def test_only_a_lack_of_room_passes_by_itself(reasons: tuple[str, ...], later: bool) -> None:
    assert may_be_told_again(Refused(request_id="r", reasons=reasons)) is later


def test_a_monitor_and_a_digest_run_however_late_they_are_noticed() -> None:
    assert {job for job in Job if not job.has_grace} == {Job.MONITOR, Job.SETTLEMENT, Job.DIGEST}
