"""The chain of the model market through gateway and simulated venue."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.contract import GetInstruments, GetOptionsChain, OptionsChain
from gateway.live.deadline import Deadline
from gateway.live.errors import WarmingError
from gateway.live.market.chain import COLLECTED_MAX_S, QUOTE_KEPT_S, OptionChains
from gateway.paper.instruments import parse_instrument
from tests.gateway.live.desk import NO_SUMMARY, NOW, Desk, model_market, on_the_desk
from tests.gateway.live.virtual import pass_s

NEAR = GetOptionsChain(expiry_from=NOW + timedelta(days=3), expiry_to=NOW + timedelta(days=5))


def test_a_chain_says_what_the_market_says(tmp_path: Path) -> None:
    async def play(desk: Desk) -> OptionsChain:
        return await desk.sources.market.options_chain(NEAR, desk.by())

    found = on_the_desk(tmp_path, play, latency_s=0.0)
    market = model_market()
    assert found.quotes
    for quote in found.quotes:
        said = market.quote(quote.timestamp, parse_instrument(quote.instrument_name))
        assert said is not None
        assert quote.bid == (None if said.bid_units is None else Decimal(said.bid_units).scaleb(-4))
        assert quote.ask == (None if said.ask_units is None else Decimal(said.ask_units).scaleb(-4))
        assert quote.mark_price == Decimal(f"{said.mark_eth:.6f}")
        assert quote.mark_iv == said.iv_pct
        assert quote.delta == round(said.delta, 5)
        assert quote.underlying_price == Decimal(f"{said.forward_usd:.4f}")
        assert quote.open_interest == said.open_interest
        assert (quote.bid_size == 0.0) == (quote.bid is None)
    assert any(quote.bid is None for quote in found.quotes)


def test_quotes_are_asked_for_again_only_after_25_s(tmp_path: Path) -> None:
    async def play(desk: Desk) -> list[int]:
        asked = []
        for wait_s in (0.0, 20.0, 6.0):
            await pass_s(wait_s)
            desk.venue.calls.clear()
            await desk.sources.market.options_chain(NEAR, desk.by())
            asked.append(desk.venue.calls.count("public/ticker"))
        return asked

    first, second, third = on_the_desk(tmp_path, play, latency_s=0.0, instead=NO_SUMMARY)
    assert second == 0
    assert first == third > 0


def test_a_quote_that_grows_old_while_others_are_fetched_is_served(tmp_path: Path) -> None:
    """Else a chain whose parts were fetched at different times would warm for ever."""
    wide = GetOptionsChain(expiry_from=NOW + timedelta(days=3), expiry_to=NOW + timedelta(days=11))

    async def play(desk: Desk) -> OptionsChain:
        await desk.sources.market.options_chain(NEAR, desk.by())
        await pass_s(22.0)
        return await desk.sources.market.options_chain(wide, desk.by())

    found = on_the_desk(tmp_path, play, latency_s=0.4, instead=NO_SUMMARY)
    assert len({quote.expiration for quote in found.quotes}) > 1


def test_a_chain_of_400_is_collected_while_nobody_asks_and_is_there_in_time(
    tmp_path: Path,
) -> None:
    async def play(desk: Desk) -> tuple[int, float, int]:
        market = desk.sources.market
        listed = (await market.instruments(GetInstruments(), desk.by())).instruments[:400]
        chains = OptionChains(desk.sources.reads, index_usd, desk.loop.time)
        await pass_s(60.0)
        began_s = desk.loop.time()
        with pytest.raises(WarmingError, match=r"of 400$") as told:
            await chains.chain(listed, desk.by())
        await pass_s(told.value.retry_after_s)
        quotes = await chains.chain(listed, desk.by())
        took_s = desk.loop.time() - began_s
        oldest = min(quote.timestamp for quote in quotes)
        assert (desk.sources.clock.now() - oldest).total_seconds() <= COLLECTED_MAX_S
        # Then a quote is as good as ever, and no longer.
        await pass_s(QUOTE_KEPT_S)
        desk.venue.calls.clear()
        with pytest.raises(WarmingError):
            await chains.chain(listed, desk.by())
        await chains.close()
        return len(quotes), took_s, desk.venue.credits.refusals

    async def index_usd(_: Deadline) -> Decimal:
        return Decimal(3000)

    found = on_the_desk(tmp_path, play, latency_s=0.1, instead=NO_SUMMARY)
    assert (found[0], found[2]) == (400, 0)
    assert found[1] <= COLLECTED_MAX_S


def test_a_broken_summary_leaves_the_chain_as_it_is(tmp_path: Path) -> None:
    async def play(desk: Desk) -> OptionsChain:
        return await desk.sources.market.options_chain(NEAR, desk.by())

    row = {"mark_price": "none", "creation_timestamp": 1}
    broken = {"get_book_summary_by_currency": (200, {"result": [row]})}
    assert on_the_desk(tmp_path, play, latency_s=0.0, instead=broken).quotes
