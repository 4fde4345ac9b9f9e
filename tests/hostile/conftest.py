"""What waits for most of its time runs beside the first test, so that all of it takes less than a minute."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.hostile.hanging import HangingHost, hanging_host
from tests.hostile.paper_runs import PaperEntries, PaperTrade, paper_entries, paper_trade


@dataclass(frozen=True)
class Beside:
    """The runs that are under way; a test waits for its own."""

    hanging: Future[HangingHost]
    entries: Future[PaperEntries]
    trade: Future[PaperTrade]


@pytest.fixture(scope="session")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """Whichever test asks first starts all of them."""
    folder = tmp_path_factory.mktemp("beside")
    with ThreadPoolExecutor(3) as pool:
        yield Beside(
            pool.submit(hanging_host, folder / "hanging"),
            pool.submit(paper_entries, folder / "entries"),
            pool.submit(paper_trade, folder / "trade"),
        )
