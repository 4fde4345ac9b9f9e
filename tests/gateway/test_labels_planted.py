"""Each planted bug breaks what holds of labels: played by hand, and under `soak` found by the machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.gateway.planted_labels import BUGS, Planted, examples_until_found
from tests.gateway.test_labels_stateful import WAYS, Labels


def played(steps: Callable[[Labels], object]) -> None:
    """Play these steps, and hold everything against it that the machine does."""
    machine = Labels()
    machine.begin(WAYS[0])
    try:
        steps(machine)
    finally:
        machine.teardown()


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_each_bug_breaks_what_holds_without_it(bug: Planted) -> None:
    played(bug.steps)
    with bug.patch(), pytest.raises(AssertionError):
        played(bug.steps)


@pytest.mark.soak
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_machine_finds_each_bug_by_itself(bug: Planted) -> None:
    assert examples_until_found(bug) is not None
