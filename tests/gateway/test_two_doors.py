"""One market through two doors: the paper venue, and a simulated Deribit behind the live gateway.

The engine is the same and so is its seed; what it decides, orders and books must be too. Left out are ids,
times below a second (the venue tells milliseconds), and the fingerprint of the strategy, which names the
environment.
Figures of the market beside the venue's own (funding, events) come through the same door in both.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel

from config import LoadedStrategy, load_strategy
from core.contract import Settlement, Trade
from core.values import ETH_QUANTUM
from gateway.live.market import chain, present
from gateway.paper.account import Account
from lab.engine import EngineVenue, SimulatedEngine, open_venue
from reading.books import stored_books, stored_positions
from tests.gateway.two_doors import GatewayDoor
from tests.scenarios.playing import BEGIN, MARKET, STRATEGY, TO_ENTRY, TO_EXIT

MEMORY = Path("/dev/shm")
EVERY_MIN, SELDOM_MIN = 15, 240
"""Minutes between two chains that are stored and decide nothing: as shipped, and for 28 days in minutes."""
ONLY_THERE = frozenset({"order_id", "trade_id", "fill_ids", "strategy_hash", "config_hash"})


KEPT = (
    (chain, "QUOTE_KEPT_S"),
    (present, "INDEX_KEPT_S"),
    (present, "DVOL_KEPT_S"),
    (present, "INSTRUMENTS_KEPT_S"),
    (present, "BOOK_KEPT_S"),
)
AN_INSTANT_S = 1e-9


@dataclass(frozen=True)
class Through:
    """What was done through one door."""

    cycles: list[object]
    orders: list[object]
    positions: list[object]
    trades: list[object]
    settlements: list[object]
    balance_eth: Decimal
    sizes: dict[str, int]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place for both; the gateway keeps no quote of a moment ago, because the paper venue keeps none."""
    for module, name in KEPT:
        monkeypatch.setattr(module, name, AN_INSTANT_S)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name)


def strategy(folder: Path, environment: str, snapshot_every_min: int) -> LoadedStrategy:
    """The shipped one, for another environment, with so many minutes between two stored chains."""
    text = STRATEGY.read_text("utf-8")
    changed = text.replace("environment: paper ", f"environment: {environment} ")
    assert (changed != text) == (environment != "paper")
    changed, found = re.subn(r"(snapshot_every_min:) 15\b", rf"\1 {snapshot_every_min}", changed)
    assert found == 1
    path = folder / "strategy.yaml"
    path.write_text(changed, "utf-8")
    return load_strategy(path)


def told(value: object) -> object:
    """A value without what is only of one door: equal money is equal, whatever zeros it ends in."""
    match value:
        case BaseModel():
            fields = type(value).model_fields
            return {name: told(getattr(value, name)) for name in fields if name not in ONLY_THERE}
        case datetime():
            return value.replace(microsecond=0)
        case Decimal():
            return value.quantize(ETH_QUANTUM)
        case tuple() | list():
            return [told(each) for each in value]
        case dict():
            return {name: told(each) for name, each in value.items() if name not in ONLY_THERE}
        case _:
            return value


def played(
    folder: Path, venue: EngineVenue, account: Account, loaded: LoadedStrategy, to: timedelta
) -> Through:
    """Run an engine for so long, and read its books and the venue's."""
    # Answers come at once, so that times are whole milliseconds, which is what the venue tells.
    engine = SimulatedEngine(
        loaded=loaded, venue=venue, data_dir=folder, seed=1, begin=BEGIN, latency_s=(0.0, 0.0)
    )
    engine.start()
    engine.run_until(BEGIN + to)
    engine.stop("the test is over")
    books = stored_books(folder)
    trades: list[Trade] = list(account.trades.values())
    settlements: list[Settlement] = list(account.settlements.values())
    return Through(
        cycles=[(each.cycle_id, each.job, each.outcome, each.reasons) for each in books.cycles],
        orders=[(told(instruction), told(row)) for instruction, row in books.orders],
        positions=[told(each) for each in stored_positions(folder, everything=True)],
        trades=[told(each) for each in trades],
        settlements=[told(each) for each in settlements],
        balance_eth=account.balance_eth,
        sizes={name: int(held.size) for name, held in account.positions.items()},
    )


def both(folder: Path, to: timedelta, seed: int, snapshot_every_min: int) -> tuple[Through, Through]:
    """The same time through either door."""
    paper_folder, other_folder = folder / "paper", folder / "other"
    for each in (paper_folder, other_folder):
        each.mkdir()
    venue = open_venue(paper_folder, seed)
    paper = played(
        paper_folder, venue, venue.venue.account, strategy(paper_folder, "paper", snapshot_every_min), to
    )
    door = GatewayDoor(open_venue(other_folder, seed), folder / "gateway", BEGIN, seed)
    loaded = strategy(other_folder, "testnet", snapshot_every_min)
    other = played(other_folder, door, door.sim.books.account, loaded, to)
    assert door.calls > 0
    return paper, other


def compare(folder: Path, to: timedelta, seed: int = MARKET, snapshot_every_min: int = EVERY_MIN) -> Through:
    """Hold both doors against each other; what was done through them."""
    paper, other = both(folder, to, seed, snapshot_every_min)
    assert [*differences("", vars(paper), vars(other))] == []
    return other


def differences(where: str, paper: object, other: object) -> Iterator[str]:
    """Each place where the two say something else."""
    if isinstance(paper, dict) and isinstance(other, dict) and paper.keys() == other.keys():
        for name, value in paper.items():
            yield from differences(f"{where}.{name}", value, other[name])
    elif isinstance(paper, list | tuple) and isinstance(other, list | tuple) and len(paper) == len(other):
        for n, pair in enumerate(zip(paper, other, strict=True)):
            yield from differences(f"{where}[{n}]", *pair)
    elif paper != other:
        yield f"{where}: {paper!r}, {other!r}"


def test_an_entry_is_the_same_through_both_doors(folder: Path) -> None:
    found = compare(folder, TO_ENTRY)
    assert len(found.trades) == 2


@pytest.mark.soak
def test_an_exit_is_the_same_through_both_doors(folder: Path) -> None:
    found = compare(folder, TO_EXIT)
    assert len(found.trades) >= 4
    assert found.sizes == {}


@pytest.mark.soak
def test_days_with_every_chain_stored_are_the_same_through_both_doors(folder: Path) -> None:
    """As shipped, a chain each quarter of an hour: most of a day's 50 s of CPU is 96 times 268 tickers."""
    found = compare(folder, timedelta(days=4))
    assert len(found.trades) == 4


@pytest.mark.soak
@pytest.mark.parametrize("seed", [MARKET, 1])
def test_28_days_are_the_same_through_both_doors(folder: Path, seed: int) -> None:
    found = compare(folder, timedelta(days=28), seed, SELDOM_MIN)
    assert found.trades
