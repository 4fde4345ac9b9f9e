"""The page in a real browser: each panel shows what the books hold to the last digit, on desk and phone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from reading.books import stored_positions
from reading.trading_books import trading_report
from tests.page.chromium import DESK, PHONE, browsers, looking, why_not
from tests.page.seen import Seen, seen
from tests.page.served import served
from tests.page.states import STATES_OF_THE_PAGE, TRADES, in_state

pytestmark = [pytest.mark.browser, pytest.mark.skipif(why_not() is not None, reason=why_not() or "")]
SIZES = {"desk": DESK, "phone": PHONE}


@dataclass(frozen=True)
class InState:
    """A state's folder, and the page over it at both sizes."""

    name: str
    data_dir: Path
    by_size: dict[str, Seen]

    def shows(self, panel: str, *texts: str) -> None:
        """At either size the panel shows each of these."""
        for size, found in self.by_size.items():
            for text in texts:
                assert text in found.panels[panel], f"{self.name} on a {size}: no {text!r}"


@pytest.fixture(scope="module")
def every_state(tmp_path_factory: pytest.TempPathFactory) -> dict[str, InState]:
    """Each state is made, served and looked at once."""
    made: dict[str, InState] = {}
    folder = tmp_path_factory.mktemp("states")
    with browsers() as browser:
        for name, made_of in STATES_OF_THE_PAGE.items():
            with in_state(name, folder / name) as data_dir, served(data_dir) as page:
                by_size = {}
                for size, pixels in SIZES.items():
                    with looking(browser, page.link(), pixels) as looked:
                        if made_of.hangs is not None:
                            looked.wait_for_words(made_of.hangs)
                        by_size[size] = seen(looked)
                made[name] = InState(name, data_dir, by_size)
    return made


@pytest.fixture(params=STATES_OF_THE_PAGE)
def state(request: pytest.FixtureRequest, every_state: dict[str, InState]) -> InState:
    return every_state[request.param]


@pytest.fixture(params=SIZES)
def look(request: pytest.FixtureRequest, state: InState) -> Seen:
    return state.by_size[request.param]


def test_every_chart_stands_there_and_is_drawn_by_plotly_once_it_is_explored(look: Seen) -> None:
    assert set(look.charts.values()) <= {"yes"}


def test_nothing_is_complained_about_and_no_request_leaves_the_origin(look: Seen) -> None:
    assert look.complaints == []
    assert look.elsewhere == []


def test_nothing_scrolls_sideways_and_nothing_lies_over_another(look: Seen) -> None:
    scrolled, inner = look.width
    assert scrolled <= inner
    assert look.overlaps == []


def test_what_is_asked_of_a_person_is_one_word_on_one_line(look: Seen) -> None:
    assert look.level_lines == 1


def test_the_accessibility_check_finds_nothing_serious(look: Seen) -> None:
    assert look.serious == []


@pytest.mark.parametrize("at", ["health", "figure-of-smile"])
def test_an_address_within_the_page_leads_there(at: str, condor: Path) -> None:
    """Although the verdict alone is laid out at first."""
    with browsers() as browser, served(condor) as page:
        with looking(browser, f"{page.link()}#{at}", PHONE, slower=4.0) as looked:
            looked.wait_for_books()
            looked.page.wait_for_function(f"""() => {{
              const box = document.getElementById("{at}")?.getBoundingClientRect();
              return box && box.top >= 0 && box.top < innerHeight / 2;
            }}""")
        with looking(browser, page.link()) as looked:
            looked.page.locator("#health .rooms").wait_for()


def test_a_first_run_says_what_to_do(every_state: dict[str, InState]) -> None:
    found = every_state["first-run"]
    found.shows("verdict", "start")
    assert found.by_size["desk"].charts == {}


def test_an_engine_without_a_position_says_that_none_is_open(every_state: dict[str, InState]) -> None:
    found = every_state["empty"]
    found.shows("verdict", "OK")
    found.shows("position", "no position is open")
    found.shows("money", "10.30214000 ETH", "10.31300000 ETH", "0.16480000 ETH")


@pytest.mark.parametrize("name", ["condor", "armed", "feed-parked", "engine-dead", "stale"])
def test_an_open_condor_is_shown_as_it_is_booked(every_state: dict[str, InState], name: str) -> None:
    found = every_state[name]
    (position,) = stored_positions(found.data_dir, everything=False)
    assert (position.contracts, len(position.plan.legs)) == (2, 4)
    found.shows(
        "position",
        "iron condor 2800/2600P 3400/3600C",
        "2 of 2 contracts",
        f"{position.credit_eth:.8f} ETH",
        f"{position.fees_eth:.8f} ETH",
        f"{position.plan.worst_loss_usd * 2:,.2f} USD",
    )
    assert {"payoff-usd", "payoff-eth", "path"} <= found.by_size["desk"].charts.keys()


def test_closed_trades_are_shown_as_they_are_booked(every_state: dict[str, InState]) -> None:
    found = every_state["trades"]
    report = trading_report(found.data_dir)
    assert len(report.trades) == TRADES
    total = report.performance.total
    found.shows(
        "money", f"{total.pnl_eth:+.8f} ETH", f"{total.pnl_usd:+,.2f} USD", f"{total.wins} with a gain"
    )
    for trade in report.trades:
        found.shows(
            "money",
            f"{trade.closed_at:%Y-%m-%d %H:%M} {trade.pnl_eth:+.8f} {trade.pnl_usd:+,.2f}"
            f" {trade.result:+.3f} {trade.entered_at:%Y-%m-%d %H:%M}",
        )
    charts = found.by_size["desk"].charts.keys()
    assert {"equity-usd", "equity-eth", "drawdown", "months", "gates", "smile"} <= charts


def test_an_armed_switch_says_who_and_why_and_offers_no_second_arming(
    every_state: dict[str, InState],
) -> None:
    found = every_state["armed"]
    found.shows("verdict", "ARMED", "anna", "looking at a strange fill", "kill-switch disarm")


def test_a_dead_engine_is_never_shown_as_alive(every_state: dict[str, InState]) -> None:
    found = every_state["engine-dead"]
    found.shows("verdict", "ACT", "no engine")
    found.shows("money", "as the entry of 2026-01-05 14:00:00Z saw it")


def test_an_engine_that_hangs_is_told_with_how_old_the_figures_are(every_state: dict[str, InState]) -> None:
    found = every_state["stale"]
    found.shows("verdict", "ACT", "what stands here is from before", "2026-01-07 14:00:00Z, told", "s ago")


def test_a_parked_feed_is_named_where_the_rooms_are(every_state: dict[str, InState]) -> None:
    found = every_state["feed-parked"]
    found.shows("verdict", "mcp.macro is parked")
    found.shows("health", "mcp.macro", "parked", "refused the connection")


def test_damaged_books_are_an_error_and_no_zero(every_state: dict[str, InState]) -> None:
    found = every_state["books-damaged"]
    found.shows("verdict", "ACT", "corrupt")
    for size in SIZES:
        assert "0.00000000 ETH" not in found.by_size[size].panels["money"]
