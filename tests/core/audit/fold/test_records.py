"""Cycles, decisions, the kill switch, the inbox, alerts and settings, as the log makes them."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from core.audit.fold.compare import digest_of
from core.audit.fold.log import fold, take
from core.audit.hash_chain import read_record
from core.messages.audit import AuditKind
from tests.core.audit.fold.logs import AT_TEXT, Detail, Step, cycle, folded, lines_of


def closed(**update: object) -> Step:
    detail: Detail = {"cycle_id": "c-1", "job": "entry", "outcome": "held", "reasons": ["a", "ü"]}
    return AuditKind.CYCLE_CLOSED, {**detail, **update}  # type: ignore[dict-item]


def decided(record: str) -> Step:
    return AuditKind.DECISION, {"cycle_id": "c-1", "sha256": "…", "record": record}


def told(**more: str) -> Step:
    return AuditKind.OPERATOR, {"request_id": "r-1", **more}


MESSAGE = {"message": "RunEntryCycle", "body": "{}", "who": "ada"}


def switched(kind: AuditKind) -> Step:
    return kind, {"causes": ["operator"], "reason": "stop", "who": "ada"}


def test_a_cycle_is_opened_once_and_closed_once() -> None:
    books = folded(cycle(), (AuditKind.CYCLE_OPENED, {**cycle()[1], "resumed": True}), closed())
    assert books.problems == []
    assert list(books.tables["cycles"].values()) == [
        {
            "cycle_id": "c-1",
            "job": "entry",
            "slot": AT_TEXT,
            "opened_at": AT_TEXT,
            "closed_at": AT_TEXT,
            "outcome": "held",
            "reasons": '["a", "\\u00fc"]',
        }
    ]
    assert folded(cycle()).tables["cycles"]["c-1"]["reasons"] == "[]"
    assert folded(cycle(), closed(), closed(outcome="entered")).problems == [
        "record 3 (CYCLE_CLOSED): outcome: expected none after held, found entered"
    ]


def test_a_cycle_that_is_resumed_must_be_there() -> None:
    resumed = (AuditKind.CYCLE_OPENED, {**cycle()[1], "resumed": True})
    assert folded(resumed).problems == ["record 1 (CYCLE_OPENED): cycles: expected the row 'c-1', found none"]


@pytest.mark.parametrize("reasons", ["a", [1]])
def test_reasons_must_be_a_list_of_texts(reasons: object) -> None:
    [problem] = folded(cycle(), closed(reasons=reasons)).problems
    assert problem.startswith("record 2 (CYCLE_CLOSED): reasons: expected a list of texts, found")


def test_decisions_are_numbered_and_kept_as_they_are_or_as_a_digest() -> None:
    steps = [cycle(), decided('{"x":1}'), decided("{}")]
    assert folded(*steps).tables["decisions"][1] == {
        "decision_id": 1,
        "cycle_id": "c-1",
        "at": AT_TEXT,
        "record": '{"x":1}',
    }
    kept = fold(lines_of(steps), keep=digest_of).tables["decisions"]
    assert [row["record"] for row in kept.values()] == [digest_of('{"x":1}'), digest_of("{}")]
    assert list(kept) == [1, 2]


def test_the_last_word_about_the_switch_is_its_row() -> None:
    assert folded().tables["kill_switch"] == {}
    row = {"one": 1, "armed": 1, "causes": '["operator"]', "reason": "stop", "who": "ada", "at": AT_TEXT}
    row["disarms"] = "[]"
    assert folded(switched(AuditKind.ARMED)).tables["kill_switch"][1] == row
    after = folded(switched(AuditKind.ARMED), switched(AuditKind.DISARMED)).tables["kill_switch"][1]
    assert after == row | {"armed": 0}


def test_the_first_answer_to_a_persons_message_counts() -> None:
    books = folded(told(**MESSAGE))
    row = {"number": 1, "request_id": "r-1", "at": AT_TEXT, **MESSAGE, "done_at": None, "answer": None}
    assert books.tables["inbox"]["r-1"] == row
    done = folded(told(**MESSAGE), told(answer="held"), told(answer="again")).tables["inbox"]["r-1"]
    assert done == row | {"done_at": AT_TEXT, "answer": "held"}
    assert folded(told(answer="held")).problems == [
        "record 1 (OPERATOR): inbox: expected the row 'r-1', found none"
    ]


def test_alerts_account_and_settings_are_rows() -> None:
    alert: Detail = {
        "alert_id": "a-1",
        "severity": "HIGH",
        "code": "c",
        "text": "t",
        "cause": "w",
        "at": "2026-01-05T14:00:00Z",
    }
    books = folded(
        (AuditKind.ALERT, alert),
        (AuditKind.ACCOUNT_BOUND, {"environment": "paper", "account": "A1"}),
        (AuditKind.SETTING, {"key": "boot", "value": "b1"}),
        (AuditKind.SETTING, {"key": "boot", "value": "b2"}),
    )
    assert books.problems == []
    assert books.tables["alerts"]["a-1"] == alert | {"at": AT_TEXT}
    assert {key: row["value"] for key, row in books.tables["system"].items()} == {
        "environment": "paper",
        "account": "A1",
        "boot": "b2",
    }
    assert {row["at"] for row in books.tables["system"].values()} == {AT_TEXT}


def test_records_that_only_tell_change_nothing() -> None:
    kelly: Step = (AuditKind.KELLY, {"fraction": 0.1})
    empty = folded()
    assert folded(kelly).tables == empty.tables
    take(empty, read_record(lines_of([kelly])[0]))
    assert empty.tables == folded().tables


def test_a_record_in_another_form_of_json_counts_too() -> None:
    """The chain accepts it if its hash is right, so its effect must not be lost."""
    [line] = lines_of([(AuditKind.SETTING, {"key": "boot", "value": "b1"})])
    spaced = line.replace(b'"kind":', b'"kind": ')
    assert fold([spaced]).tables["system"]["boot"]["value"] == "b1"


def test_the_tag_of_the_labels_is_bound_with_the_account_once_it_is_drawn() -> None:
    bound: Detail = {"environment": "paper", "account": "A1", "label_tag": "abcdef"}
    books = folded((AuditKind.ACCOUNT_BOUND, bound))
    assert {key: row["value"] for key, row in books.tables["system"].items()} == bound
    copied: Detail = {**bound, "label_tag": "bcdefg", "label_folder": "f"}
    books = folded((AuditKind.ACCOUNT_BOUND, bound), (AuditKind.ACCOUNT_BOUND, copied))
    assert {key: row["value"] for key, row in books.tables["system"].items()} == copied


def test_what_a_disarming_takes_away_is_in_its_row() -> None:
    said: Detail = {"causes": ["operator"], "reason": "over", "who": "ada", "disarms": ["a1", "b2"]}
    assert folded((AuditKind.DISARMED, said)).tables["kill_switch"][1]["disarms"] == '["a1", "b2"]'


def latched(source: str = "operator", word: int = 1, **changed: JsonValue) -> tuple[AuditKind, Detail]:
    detail: Detail = {"source": source, "reason": "look", "who": "ann", "since": AT_TEXT, "word": word}
    return AuditKind.ENTRIES_LATCHED, {**detail, **changed}


def resumed(source: str = "operator", word: int = 2) -> tuple[AuditKind, Detail]:
    return AuditKind.ENTRIES_RESUMED, {"source": source, "reason": "fine", "who": "bob", "word": word}


def test_what_blocks_entries_is_a_row_for_each_source() -> None:
    row = {"source": "operator", "latched": 1, "reason": "look", "who": "ann", "at": AT_TEXT, "word": 1}
    before = folded(latched(), latched("protections")).tables["entry_latches"]
    assert before["operator"] == {**row, "resumed_at": None}
    after = folded(latched(), latched("protections"), resumed()).tables["entry_latches"]
    assert after["protections"] == before["protections"]
    lifted = {"latched": 0, "reason": "fine", "who": "bob", "word": 2, "resumed_at": AT_TEXT}
    assert after["operator"] == {**row, **lifted}


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ([resumed()], "entry_latches: expected the row 'operator', found none"),
        (
            [latched(), resumed(), resumed(word=3)],
            "source: expected one that blocks entries, found operator",
        ),
        ([latched(), resumed(word=1)], "word: expected one after 1, found 1"),
        ([latched(word=2), latched(word=1)], "word: expected at least 2, found 1"),
        (
            [latched(since="2026-01-05T14:00:01Z")],
            "since: expected 2026-01-05T14:00:00.000000Z, found 2026-01-05T14:00:01.000000Z",
        ),
    ],
)
def test_a_resumption_needs_an_earlier_latch(steps: list[tuple[AuditKind, Detail]], problem: str) -> None:
    assert [found.partition("): ")[2] for found in folded(*steps).problems] == [problem]
