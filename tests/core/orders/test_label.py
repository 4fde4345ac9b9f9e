"""One parser and one printer of labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.orders.books import InstructionKind
from core.orders.label import OrderLabel
from core.values import ProposalId


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
