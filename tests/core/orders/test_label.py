"""One parser and one printer of labels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.decision.entry_cycle import proposal_id_of
from core.orders.books import InstructionKind, Job
from core.orders.label import OrderLabel
from core.values import ProposalId, cycle_id_of


@given(
    proposal=st.text(min_size=1).filter(lambda text: ":" not in text),
    kind=st.sampled_from(InstructionKind),
    attempt=st.integers(0, 10**12),
)
def test_a_label_is_read_as_it_was_written(proposal: str, kind: InstructionKind, attempt: int) -> None:
    label = OrderLabel(proposal_id=ProposalId(proposal), kind=kind, attempt=attempt)
    assert OrderLabel.parse(label.text) == label
    assert label.position_id == proposal


def test_labels_by_hand() -> None:
    entry = OrderLabel(proposal_id=ProposalId("p-1"), kind=InstructionKind.ENTRY, attempt=1)
    assert entry.text == "p-1:e1"
    assert entry.model_copy(update={"kind": InstructionKind.EXIT, "attempt": 20}).text == "p-1:x20"


@pytest.mark.parametrize("text", ["", "p-1", "p-1:e", "p-1:z1", ":e1", "p-1:e1 ", "p-1:e1:e1", "p-1:e-1"])
def test_what_is_no_label_of_ours_is_none(text: str) -> None:
    assert OrderLabel.parse(text) is None


@given(slots=st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2, max_size=2, unique=True))
def test_cycles_of_different_microseconds_have_different_labels_of_64_characters_at_most(
    slots: list[datetime],
) -> None:
    labels = [longest_label(slot.replace(tzinfo=UTC)) for slot in slots]
    assert labels[0] != labels[1]
    assert max(map(len, labels)) <= 64


def longest_label(slot: datetime) -> str:
    """Of an exit; its attempts are numbered by seconds since 2020, which have ten digits until 2336."""
    proposal_id = proposal_id_of(cycle_id_of(Job.ENTRY, slot))
    return OrderLabel(proposal_id=proposal_id, kind=InstructionKind.EXIT, attempt=9_999_999_999).text


def test_the_label_of_a_cycle_of_a_whole_second_is_what_it_was() -> None:
    assert longest_label(datetime(2026, 1, 5, 14, tzinfo=UTC)) == "p-entry-20260105T140000Z:x9999999999"


def test_the_label_of_a_persons_cycle_keeps_the_microseconds() -> None:
    slot = datetime(2026, 1, 5, 14, 0, 7, 60, tzinfo=UTC)
    assert longest_label(slot) == "p-entry-20260105T140007.000060Z:x9999999999"


def test_a_slot_in_another_zone_is_the_same_slot() -> None:
    slot = datetime(2026, 1, 5, 14, 0, 7, 60, tzinfo=UTC)
    assert longest_label(slot.astimezone(timezone(timedelta(hours=9)))) == longest_label(slot)
