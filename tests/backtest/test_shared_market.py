"""Points that read one market together find what each finds alone, and what is kept for them has a bound."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import InputError
from core.market.chain_spans import ExpirySpan
from core.strategy import Strategy
from core.values import OptionType
from gateway.paper.model_market import DAY_ZERO, ModelMarket
from lab.backtest.honesty import Aged
from lab.backtest.reader import VenueChains
from lab.backtest.running import run_backtest
from lab.backtest.shared_market import Once, SharedMarket, decoded_of, shared
from lab.backtest.smile_chain import SmileChain
from lab.research.found import found_of
from lab.research.running import Runner
from lab.research.sweep import SweepSpan
from tests.research.swept import points, tasks

WEEKS = SweepSpan(None, datetime(2026, 2, 16, tzinfo=UTC), timedelta(days=7))


class Recorded(ModelMarket):
    """The model market with the ages of a record."""

    def quoted_since(self, at: datetime) -> datetime:
        return at - timedelta(hours=1)

    def has_sizes(self, at: datetime) -> bool:
        return at.hour == 0


@pytest.mark.long
def test_points_find_on_a_shared_market_what_each_finds_on_its_own() -> None:
    together = Runner()
    listed = points("exits.profit_of_credit=0.4,0.6", "strikes.delta_target=0.17,0.2")
    traded = 0
    for task in tasks(listed, 1, 2, span=WEEKS):
        alone = found_of(task.key, task.values, run_backtest(task.plan, lambda *_: True))
        assert together.run(task).found == alone
        traded += len(alone.trades)
    assert traded > 0


@pytest.mark.long
@pytest.mark.parametrize("are_frozen", [False, True], ids=["", "frozen between runs"])
def test_a_market_that_was_left_is_let_go_with_all_that_was_made_of_it(are_frozen: bool) -> None:
    together = Runner()
    gc.disable()
    try:
        for task in tasks(points(), 1, 2, 3):
            together.run(task)
            if are_frozen:
                gc.freeze()
        gc.unfreeze()  # What is frozen is not listed.
        assert sum(isinstance(each, SharedMarket) for each in gc.get_objects()) == 1
    finally:
        gc.enable()


def test_a_chain_is_decoded_once_for_all_readers() -> None:
    market, made = shared(ModelMarket(1)), []

    def make() -> None:
        made.append(1)

    for _ in range(3):
        decoded_of(market).legs("key", make)
    assert len(made) == 1


def test_nothing_is_kept_of_a_market_for_one_run() -> None:
    market, made = ModelMarket(1), []

    def make() -> None:
        made.append(1)

    for _ in range(3):
        decoded_of(market).legs("key", make)
    assert len(made) == 3


def test_of_too_many_answers_the_older_half_is_let_go() -> None:
    kept, made = Once[int, int](4), list[int]()

    def answer(key: int) -> int:
        def make() -> int:
            made.append(key)
            return -key

        return kept(key, make)

    assert [answer(key) for key in (1, 2, 3, 4, 5)] == [-1, -2, -3, -4, -5]
    assert [answer(key) for key in (3, 4, 5, 1)] == [-3, -4, -5, -1]
    assert made == [1, 2, 3, 4, 5, 1]


def test_what_cannot_be_answered_is_asked_again() -> None:
    market = shared(ModelMarket(1))
    for _ in range(2):
        with pytest.raises(InputError, match="the model market begins"):
            market.index_usd(DAY_ZERO - timedelta(days=400))


def test_a_record_keeps_its_ages() -> None:
    assert not isinstance(shared(ModelMarket(1)), Aged)
    record: SharedMarket = shared(Recorded(1))
    assert isinstance(record, Aged)
    assert record.quoted_since(DAY_ZERO) == DAY_ZERO - timedelta(hours=1)
    assert record.has_sizes(DAY_ZERO)


def test_of_a_smile_only_the_quotes_that_some_run_looks_at_are_built() -> None:
    market = ModelMarket(1)
    at, span = market.expiries(DAY_ZERO)[0], market.expiries(DAY_ZERO)[-1]
    together = VenueChains(shared(market), Strategy().anomalies)
    first = together.for_entry(DAY_ZERO, ExpirySpan(at, span))
    assert isinstance(first, SmileChain)
    assert together.for_entry(DAY_ZERO, ExpirySpan(at, span)) is first
    alone = VenueChains(market, Strategy().anomalies).for_entry(DAY_ZERO, ExpirySpan(at, span))
    for kind in OptionType:
        found, expected = (
            [
                (quote.instrument_name, quote.price_texts, quote.bid_size, quote.delta)
                for quote in chain.side(span, kind)
            ]
            for chain in (first, alone)
        )
        assert found == expected != []
