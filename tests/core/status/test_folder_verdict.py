"""What is said of a folder whose engine does not run, or says nothing."""

from __future__ import annotations

import pytest

from core.messages.arm_cause import ArmCause
from core.status.finding import Verdict
from core.status.folder_verdict import verdict_without_engine

NOTHING_KNOWN: dict[str, object] = {
    "silent_pid": None,
    "is_paper": False,
    "armed_by": None,
    "damage": None,
    "has_log": True,
    "data_dir": "d",
}


def said(why: str, open_positions: int | None, **known: object) -> Verdict:
    """Of a folder of which no more is known than that it has a log."""
    return verdict_without_engine(why=why, open_positions=open_positions, **(NOTHING_KNOWN | known))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("positions", "armed_by", "damage", "has_log", "found"),
    [
        (None, None, None, False, [("LOOK", "engine_dead")]),
        (0, None, None, True, [("LOOK", "engine_dead")]),
        (1, None, None, True, [("ACT", "engine_dead")]),
        (2, [ArmCause.OPERATOR], None, True, [("ACT", "engine_dead"), ("LOOK", "armed")]),
        (0, [ArmCause.OPERATOR, ArmCause.DATABASE], None, True, [("ACT", "armed"), ("LOOK", "engine_dead")]),
        (None, None, "malformed", True, [("ACT", "books_damaged"), ("LOOK", "engine_dead")]),
        (None, None, None, True, [("ACT", "books_missing"), ("LOOK", "engine_dead")]),
    ],
)
def test_a_folder_without_a_running_engine(
    positions: int | None,
    armed_by: list[ArmCause] | None,
    damage: str | None,
    has_log: bool,
    found: list[tuple[str, str]],
) -> None:
    verdict_ = said(
        "no engine runs on data",
        positions,
        armed_by=armed_by,
        damage=damage,
        has_log=has_log,
        data_dir="data",
    )
    assert [(finding.level.value, finding.code) for finding in verdict_.findings] == found
    assert "run.py start --data-dir data" in " ".join(finding.text for finding in verdict_.findings)


@pytest.mark.parametrize(("positions", "level"), [(None, "LOOK"), (0, "LOOK"), (1, "ACT")])
def test_an_engine_that_says_nothing_is_not_started_again_beside_itself(
    positions: int | None, level: str
) -> None:
    """A start would be refused while the silent one holds the folder."""
    found = said("engine (pid 77): no answer within 9 s", positions, silent_pid=77, has_log=False)
    assert [(finding.level.value, finding.code) for finding in found.findings] == [(level, "engine_silent")]
    assert "kill -KILL 77, then run.py start --data-dir d" in found.text


@pytest.mark.parametrize("positions", [None, 0, 1])
def test_an_engine_that_refuses_to_answer_is_not_one_to_end(positions: int | None) -> None:
    found = said("control: 8 connections are in use", positions, silent_pid=77, refuses=True, has_log=False)
    assert [(each.level.value, each.code) for each in found.findings] == [("LOOK", "engine_refuses")]
    assert found.text.startswith("control: 8 connections are in use; the engine (pid 77) runs")
    assert "kill" not in found.text


def test_a_log_that_is_damaged_is_one_to_act_on() -> None:
    found = said("no engine runs on d", 0, log_damage="expected records up to 30; found records up to 0")
    assert (found.findings[0].level.value, found.findings[0].code) == ("ACT", "audit_broken")
    assert "(expected records up to 30; found records up to 0): run.py audit verify" in found.text


def test_where_nobody_can_say_whether_an_engine_runs_none_is_to_be_started() -> None:
    found = said("d: lock can't be read: Invalid argument", 0, unknown=True)
    assert [each.code for each in found.findings] == ["engine_unknown"]
    assert "run.py start" not in found.text


def test_the_folder_of_a_paper_run_is_not_one_to_start_an_engine_on() -> None:
    """A start would be refused there."""
    found = said("no engine runs on p", 1, is_paper=True, data_dir="p")
    assert [(each.level.value, each.code) for each in found.findings] == [("LOOK", "paper_folder")]
    assert found.text == "no engine runs on p, which a paper run keeps: run.py report --data-dir p"


@pytest.mark.parametrize(
    ("positions", "codes"), [(0, ["books_older", "engine_dead"]), (1, ["books_older", "engine_dead"])]
)
def test_books_that_are_older_than_their_log_promise_nothing(positions: int, codes: list[str]) -> None:
    verdict_ = said("no engine runs on data", positions, data_dir="data", lost="2 records")
    texts = [finding.text for finding in verdict_.findings]
    assert [finding.code for finding in verdict_.findings] == codes
    assert texts[0].startswith("the books are older than their log (2 records)")
    assert ("no position is open" in texts[1], "1 position" in texts[1]) == (False, positions == 1)
