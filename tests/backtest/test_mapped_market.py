"""Snapshots of a file as a market: points that read them together find what each finds alone."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli.main import main
from core.errors import InputError
from core.orders.exit_rule import ExitRule
from core.values import OptionType
from gateway.paper.instruments import option
from gateway.paper.model_market import ModelMarket
from gateway.paper.recorded import RecordedMarket
from lab.backtest import sources
from lab.backtest.columns import read_map
from lab.backtest.columns_cache import kept_columns
from lab.backtest.compared import differences
from lab.backtest.mapped_market import HOUR, MappedMarket
from lab.backtest.result import Plan, Road
from lab.backtest.running import run_backtest
from lab.backtest.schedule import Schedule
from lab.backtest.settings import load_settings
from lab.backtest.sources import Market
from lab.research.found import found_of
from lab.research.running import Runner
from lab.research.sweep import SweepSpan, held, tasks_of
from tests.backtest.mapped_file import csv_text, market_of, sound_rows
from tests.research.swept import ROOT, points

WORKLOADS = ROOT / "lab" / "workloads"
COLUMNS, STRATEGY = WORKLOADS / "w1_columns.yaml", WORKLOADS / "w1.yaml"
DAYS = 28
HEADER = ("quote_date", "expiration", "strike", "option_type", "underlying_price")
PRICES = ("bid_eth", "ask_eth", "mark_eth", "iv", "delta")


def snapshots(model: ModelMarket) -> Iterator[list[object]]:
    """The puts of two weeks on each of some days, at 08:00."""
    first = model.start.replace(hour=8)
    for at in (first + timedelta(days=number) for number in range(DAYS)):
        for expiry in model.expiries(at):
            if expiry - at > timedelta(days=14):
                break
            for quote in model.chain(at, expiry):
                if not quote.instrument.is_call:
                    bid, ask = ((units or 0) / 10_000 for units in (quote.bid_units, quote.ask_units))
                    yield [
                        *(at.date(), expiry.date(), quote.instrument.strike_usd, "p", model.index_usd(at)),
                        *(bid, ask, quote.mark_eth, quote.iv_pct / 100.0, quote.delta),
                    ]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("snapshots") / "chains.csv"
    with path.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow((*HEADER, *PRICES))
        writer.writerows(snapshots(ModelMarket(1)))
    return path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "CACHE", tmp_path)


def opened(file: Path, cache: Path) -> MappedMarket:
    names = read_map(COLUMNS)
    return MappedMarket(kept_columns(file, names, cache), names, 10.0, label="snapshots")


def test_points_find_together_what_each_finds_alone(file: Path) -> None:
    listed = points("exits.profit_of_credit=0.3,0.6", "strikes.delta_target=0.14,0.18", path=STRATEGY)
    together, trades = Runner(), 0
    for task in tasks_of(listed, held([Market(file, 0, (), COLUMNS)]), SweepSpan(), reports=True):
        result = run_backtest(task.plan, lambda *_: True)
        assert together.run(task).found == found_of(task.key, task.values, result)
        trades += len(result.positions)
    assert trades > len(listed)


def test_the_last_snapshot_stands_until_the_next_one_whatever_was_asked_before(
    file: Path, tmp_path: Path
) -> None:
    market = opened(file, tmp_path)
    first, day = market.start, timedelta(days=1)
    moments = [first, first + day, first + day / 2, first + day, first + 2 * day]
    told = [market.index_usd(at) for at in moments]
    assert told[0] == told[2]
    assert told[1] == told[3]
    assert len(set(told)) == 3
    assert [market.quoted_since(at) for at in moments] == [
        first,
        first + day,
        first,
        first + day,
        first + 2 * day,
    ]
    assert market.index_usd(first - day) == told[0]
    with pytest.raises(InputError, match="the record begins at"):
        market.expiries(first - day)


def test_hourly_closes_are_of_full_hours_whenever_the_first_snapshot_was(tmp_path: Path) -> None:
    """One run reads them from before the record on and then further, another one where it needs them."""
    path = tmp_path / "chains.csv"
    rows = [[row[0].replace("14:00:00", "13:31:15"), *row[1:]] for row in sound_rows()]
    path.write_text(csv_text(rows), encoding="utf-8")
    market, other = market_of(path), market_of(path)
    hour = market.start.replace(hour=14, minute=0, second=0)
    early = market.index_bars(hour - 5 * HOUR, hour + 2 * HOUR)
    assert [bar.start for bar in early] == [hour, hour + HOUR]
    assert market.index_bars(hour + HOUR, hour + 4 * HOUR) == other.index_bars(hour + HOUR, hour + 4 * HOUR)
    assert market.index_bars(market.start, hour + HOUR / 2) == []


def test_a_quote_that_was_asked_for_before_is_told_again_and_none_that_has_expired(
    file: Path, tmp_path: Path
) -> None:
    market = opened(file, tmp_path)
    expiry = market.expiries(market.start)[0]
    put = market.instruments(market.start, expiry)[3]
    quote = market.quote(market.start, put)
    assert quote is not None
    assert market.quote(market.start, put) == quote
    assert quote.instrument is put
    assert market.quote(expiry, put) is None
    unlisted = option(expiry, 12_345, OptionType.PUT)
    assert market.quote(market.start, unlisted) is market.quote(market.start, unlisted) is None


def test_the_whole_engine_plays_a_record_that_has_no_funding(file: Path) -> None:
    """At each stored snapshot it asks for the funding rate, which the market then refuses to tell."""
    (point,) = points("exits.profit_of_credit=0.3", path=STRATEGY)
    span = SweepSpan(None, ModelMarket(1).start + timedelta(days=3))
    (task,) = tasks_of([point], held([Market(file, 0, (), COLUMNS)]), span, reports=False)
    plan = replace(task.plan, road=Road.ACTORS, schedule=Schedule.PRODUCTION)
    assert run_backtest(plan, lambda *_: True).is_whole


@pytest.mark.parametrize("road", Road)
def test_natural_prices_are_told_as_such_where_exits_are_judged_at_mids(file: Path, road: Road) -> None:
    """All orders of W1 leave at the natural price, and a snapshot stands until the next one."""
    (point,) = points("exits.profit_of_credit=0.5", path=STRATEGY)
    (task,) = tasks_of([point], held([Market(file, 0, (), COLUMNS)]), SweepSpan(None, None), reports=False)
    result = run_backtest(replace(task.plan, road=road, schedule=Schedule.SPARSE), lambda *_: True)
    prices = result.admitted.prices
    assert any(position.exit_rule is ExitRule.PROFIT for position in result.positions)
    assert prices.natural_eth == prices.worked_eth < prices.mid_eth


@pytest.mark.parametrize("schedule", Schedule)
def test_a_monitor_before_there_is_a_close_of_four_hours_ago_is_skipped_on_both_roads(
    file: Path, schedule: Schedule
) -> None:
    """A file of snapshots has no history: what is entered at its beginning can't be judged at once."""
    changes = (
        *("strikes.dte_min=3", "scheduler.entry_weekday=monday", 'scheduler.entry_time="09:00"'),
        'scheduler.monitor_times=["10:00", "11:30"]',
    )
    ended = ModelMarket(1).start + timedelta(days=3)
    market, settings = Market(file, 0, (), COLUMNS), load_settings(STRATEGY, changes)
    plan = Plan(market, settings, ended=ended, schedule=schedule)
    core, actors = (run_backtest(replace(plan, road=road), lambda *_: True) for road in Road)
    assert len(core.positions) == 1
    assert core.admitted.skipped["deribit.get_historical:incomplete"] == 2
    assert differences(core, actors) == []


def test_what_a_file_of_snapshots_does_not_hold_is_told_as_assumed(
    file: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    asked = ("--chains", str(file), "--columns", str(COLUMNS), "--strategy", str(STRATEGY))
    assert main(["backtest", *asked, "--to", "2026-01-20", "--json", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "DVOL (60 points) at each decision, funding at 0 of" in shown
    assert "the delivery price (the index of the last snapshot) of" in shown
    told = json.loads(out.read_text("utf-8"))
    assert told["admitted"]["assumed_dvol_pts"] == 60.0
    assert told["assumptions"].keys() & set(RecordedMarket.assumes) == {"touch_size"}


@pytest.mark.parametrize("unused", ["funding_annual=0.1", "max_gap_h=4"])
def test_an_assumption_that_a_file_of_snapshots_does_not_go_by_is_refused(
    file: Path, unused: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--chains", str(file), "--columns", str(COLUMNS), "--strategy", str(STRATEGY))
    assert main(["backtest", *asked, "--assume", unused]) == 2
    key = unused.partition("=")[0]
    assert f"--assume {key}: recorded {file} does not go by it" in capsys.readouterr().err
