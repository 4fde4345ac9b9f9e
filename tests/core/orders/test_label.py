"""One parser and one printer of labels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.orders.books import InstructionKind
from core.orders.label import TAG_LENGTH, TAG_LETTERS, OrderLabel, exit_attempt
from core.values import ProposalId


@given(
    proposal=st.text(min_size=1).filter(lambda text: ":" not in text),
    tag=st.none() | st.text(TAG_LETTERS, min_size=TAG_LENGTH, max_size=TAG_LENGTH),
    kind=st.sampled_from(InstructionKind),
    attempt=st.integers(0, 10**12),
)
def test_a_label_is_read_as_it_was_written(
    proposal: str, tag: str | None, kind: InstructionKind, attempt: int
) -> None:
    label = OrderLabel(proposal_id=ProposalId(proposal), tag=tag, kind=kind, attempt=attempt)
    assert OrderLabel.parse(label.text) == label
    assert label.position_id == proposal


def test_a_later_exit_has_a_higher_number() -> None:
    since = datetime(2020, 1, 1, tzinfo=UTC)
    assert [exit_attempt(since + timedelta(seconds=s)) for s in (0, 1, 1.9, 86_400)] == [0, 1, 1, 86_400]


def test_labels_by_hand() -> None:
    entry = OrderLabel(proposal_id=ProposalId("p-1"), kind=InstructionKind.ENTRY, attempt=1)
    assert entry.text == "p-1:e1"
    assert entry.model_copy(update={"tag": "k3vq7a"}).text == "p-1:k3vq7a:e1"
    assert entry.model_copy(update={"kind": InstructionKind.EXIT, "attempt": 20}).text == "p-1:x20"


@pytest.mark.parametrize(
    "text",
    ["", "p-1", "p-1:e", "p-1:z1", ":e1", "p-1:e1 ", "p-1:e1:e1", "p-1:e-1", "p-1:K3VQ7A:e1", "p-1:k3vq7:e1"],
)
def test_what_is_no_label_of_ours_is_none(text: str) -> None:
    assert OrderLabel.parse(text) is None


def test_the_longest_label_fits_the_venue() -> None:
    """Its limit is 64 characters: a slot to the microsecond, and an attempt counted in microseconds."""
    longest = OrderLabel(
        proposal_id=ProposalId("p-entry-20260105T140000.000000Z"),
        tag="k3vq7a",
        kind=InstructionKind.EXIT,
        attempt=10**15,
    )
    assert len(longest.text) <= 64
