"""The backends on which the tests of supervision run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.actors.runtime.world import World


@pytest.fixture(params=["green", "threads"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A world on each of the two runtimes."""
    made = World(request.param)
    yield made
    made.close()
