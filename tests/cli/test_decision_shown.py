"""What a cycle decided is read line by line, and no line of it looks like a line of the command."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from actors.control.wire import answer_of
from core.messages.control import InjectAccepted, InjectDone
from core.messages.room_status import CycleEnded
from core.orders.books import CycleOutcome, Job
from core.values import CycleId
from tests.cli.support import Cli
from tests.fakes.held_folder import held_folder

NOW = datetime(2026, 1, 5, 14, tzinfo=UTC)


def test_the_rules_of_a_decision_stand_on_lines_of_their_own(cli: Cli, tmp_path: Path) -> None:
    ended = CycleEnded(
        request_id="i",
        cycle_id=CycleId("entry-1"),
        job=Job.ENTRY,
        slot=NOW,
        outcome=CycleOutcome.NO_ENTRY,
        reasons=("not_worth",),
        at=NOW,
        text="entry: not_worth\nworth its cost: refused\nstopped",
    )
    accepted = InjectAccepted(request_id="i", message="RunEntryCycle", on_disk=True)
    done = InjectDone(
        request_id="i", message="RunEntryCycle", answer="CycleEnded", body=ended.model_dump_json()
    )
    with held_folder(tmp_path, [answer_of(accepted, more=True), answer_of(done)]):
        ran = cli("inject", "RunEntryCycle", "--data-dir", tmp_path)
    assert ran.out.endswith("\n  entry: not_worth\n  worth its cost: refused\n  stopped\n")
