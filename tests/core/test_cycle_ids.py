"""The id of a cycle keeps its slot, and labels made of it stay within the 64 characters of the venue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from actors.decision.release import proposal_id_of
from core.orders.books import InstructionKind, Job
from core.orders.label import OrderLabel
from core.values import cycle_id_of, slot_of


@given(slots=st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2, max_size=2, unique=True))
def test_cycles_of_different_microseconds_have_different_labels_of_64_characters_at_most(
    slots: list[datetime],
) -> None:
    labels = [longest_label(slot) for slot in slots]
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


@given(slot=st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_slot_of_a_cycle_is_read_from_its_id(slot: datetime) -> None:
    assert slot_of(cycle_id_of(Job.ENTRY, slot)) == slot
    whole = slot.replace(microsecond=0)
    assert slot_of(cycle_id_of(Job.MONITOR, whole)) == whole
