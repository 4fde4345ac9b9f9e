"""What lasts in a simulation ends when its own time is over, whatever else lasts beside it."""

from __future__ import annotations

import json
from random import Random

import pytest

from lab.simulate.acts import Act, ActKind
from lab.simulate.disk import LabDisk
from lab.simulate.draw import BEGIN
from lab.simulate.lasting import LastingFaults
from lab.simulate.oddities import PLACE, POSITIONS
from lab.simulate.venue import LabVenue

ENTRY = json.dumps({"amount": 4}).encode()


@pytest.fixture
def venue() -> LabVenue:
    return LabVenue(1, 1, BEGIN, lambda _: None)


@pytest.fixture
def disk() -> LabDisk:
    return LabDisk(lambda _: None)


@pytest.fixture
def lasting(venue: LabVenue, disk: LabDisk) -> LastingFaults:
    return LastingFaults(venue, disk, Random(1), lambda: None)


def act(number: int, kind: ActKind, what: str = "") -> Act:
    return Act(number=number, kind=kind, at_s=0.0, what=what)


def placed(venue: LabVenue) -> int:
    """The amount that the venue takes an entry of 4 contracts for."""
    return int(json.loads(venue.odd.request(PLACE, ENTRY))["amount"])


@pytest.mark.parametrize("first_ends_first", [True, False])
def test_a_disk_is_full_until_the_last_act_that_fills_it_ends(
    lasting: LastingFaults, disk: LabDisk, first_ends_first: bool
) -> None:
    soft = lasting.begin(act(1, ActKind.FULL_DISK, "soft"))
    hard = lasting.begin(act(2, ActKind.FULL_DISK, "hard"))
    assert disk.full == "hard"
    first, last, left = (soft, hard, "hard") if first_ends_first else (hard, soft, "soft")
    first()
    assert disk.full == left
    last()
    assert disk.full is None


def test_other_terms_are_for_one_entry_of_each_act(lasting: LastingFaults, venue: LabVenue) -> None:
    first = lasting.begin(act(1, ActKind.TERMS))
    lasting.begin(act(2, ActKind.TERMS))
    lasting.begin(act(3, ActKind.TERMS))
    assert placed(venue) == 5
    first()
    assert [placed(venue) for _ in range(3)] == [5, 5, 4]


def test_terms_that_no_entry_has_met_end_with_their_act(lasting: LastingFaults, venue: LabVenue) -> None:
    end = lasting.begin(act(1, ActKind.TERMS))
    end()
    assert placed(venue) == 4


def test_others_hold_until_the_last_act_ends(lasting: LastingFaults, venue: LabVenue) -> None:
    first, last = (lasting.begin(act(number, ActKind.OTHERS)) for number in (1, 2))
    first()
    assert venue.odd.changes(POSITIONS)
    last()
    assert not venue.odd.changes(POSITIONS)


def test_all_ends_at_once(lasting: LastingFaults, venue: LabVenue, disk: LabDisk) -> None:
    kinds = {
        ActKind.VENUE: "deribit:http_500:1",
        ActKind.LATE: "",
        ActKind.OTHERS: "",
        ActKind.TERMS: "",
        ActKind.TELEGRAM: "",
        ActKind.FULL_DISK: "hard",
    }
    acts = [act(number, kind, what) for number, (kind, what) in enumerate(kinds.items())]
    for each in acts:
        lasting.begin(each)
    was_quiet = lasting.is_quiet
    lasting.end_all(acts)
    assert (was_quiet, lasting.is_quiet, lasting.channel_is_down()) == (False, True, False)
    assert placed(venue) == 4
    assert not venue.odd.changes(POSITIONS)
    assert disk.full is None
