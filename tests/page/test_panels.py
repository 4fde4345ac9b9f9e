"""Each panel shows what books and engine say, to the last digit, and errors as errors."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from core.errors import EngineNotRunningError
from core.messages.arm_cause import ArmCause
from core.messages.engine_status import EngineStatus
from core.orders.books import CycleOutcome
from page.charts import smile_chart
from page.panels.why import smile
from reading.market_history import MarketSnapshotRow
from reading.trading_books import trading_report
from tests.actors.state.books_room import BooksRoom
from tests.fakes.clear_switch import CLEAR
from tests.fakes.engine_status import MARKS, STATES, state
from tests.fakes.traded_books import closed, entered, marked, refused
from tests.page.browsing import NOW, Browser, inside, page_of, panel
from tests.page.states import write_damaged, write_empty


def shown(data_dir: Path, status: EngineStatus | None, path: str = "/") -> str:
    """The page of a folder whose engine says this; None: none runs."""

    def ask() -> EngineStatus:
        if status is None:
            raise EngineNotRunningError(f"no engine runs on {data_dir}")
        return status

    answer = inside(page_of(data_dir, ask=ask)).get(path)
    assert answer.status_code == 200
    return answer.text


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One trade that an exit closed, and two Mondays without an entry."""
    folder = tmp_path_factory.mktemp("traded")
    room = BooksRoom(folder).start()
    entered(room)
    closed(room)
    refused(room, 1, CycleOutcome.NO_ENTRY, "dvol_below_min")
    refused(room, 2, CycleOutcome.BLOCKED, "suspended:<script>alert(1)</script>")
    marked(room, "0.0105", "0.0105")
    room.stop()
    return folder


@pytest.mark.parametrize(
    ("name", "level", "says"),
    [
        ("empty", "OK", "nothing needs you: no position open"),
        ("armed", "LOOK", "the kill switch is armed (operator: looking at a strange fill)"),
        ("feed-parked", "LOOK", "the feed mcp.macro is parked"),
        ("books-damaged", "ACT", "the books can't be read"),
    ],
)
def test_the_verdict_is_that_of_status(tmp_path: Path, name: str, level: str, says: str) -> None:
    text = panel(shown(tmp_path, STATES[name]), "verdict")
    assert text.startswith(f"Verdict {level} ")
    assert says in text
    assert "environment paper" in text


def test_without_an_engine_the_page_says_so_and_what_to_do(traded: Path, tmp_path: Path) -> None:
    text = panel(shown(traded, None), "verdict")
    assert text.startswith(f"Verdict LOOK no engine runs on {traded}")
    assert "run.py start" in text
    first = shown(tmp_path, None)
    assert "no entry cycle has run yet" in panel(first, "why")
    assert 'action="/arm"' not in first


def test_whoever_armed_and_why_stands_there_and_no_button(tmp_path: Path) -> None:
    armed = {"armed": True, "causes": (ArmCause.AUDIT,), "reason": "it is <b>broken</b>", "who": "audit"}
    html = shown(tmp_path, state(kill_switch=CLEAR.model_copy(update=armed)))
    assert "ARMED (audit) since" in panel(html, "verdict")
    assert "it is &lt;b&gt;broken" in html
    assert 'action="/arm"' not in html


def test_the_position_is_shown_as_the_rules_see_it(tmp_path: Path) -> None:
    text = panel(shown(tmp_path, STATES["condor"]), "position")
    for part in (
        "iron condor 2800/2600P 3400/3600C open",
        "credit received, before fees 0.03920000 ETH",
        "maximum loss at the planned floor",
        "profit: cost to close, of the credit",
        "closes at or below 50.0%",
        "stop: cost to close, of the credit",
        "delta: delta of the short leg",
        "Payoff in USD",
        "Payoff in ETH",
    ):
        assert part in text


def test_closed_trades_are_shown_to_the_last_digit(traded: Path) -> None:
    report = trading_report(traded)
    text = panel(shown(traded, state()), "money")
    [trade] = report.trades
    total = report.performance.total
    assert f"P&L of closed trades booked {total.pnl_eth:+,.8f} ETH {total.pnl_usd:+,.2f} USD" in text
    assert f"{trade.pnl_eth:+,.8f} {trade.pnl_usd:+,.2f} {trade.result:+.3f}" in text
    assert f"fees of the credit at mid {report.performance.costs.fees_eth:,.8f} ETH" in text
    assert "n = 1, too few for an interval" in text


def test_without_books_and_without_a_cycle_there_is_no_error_but_a_word(tmp_path: Path) -> None:
    assert "Closed trades there are no books yet" in panel(shown(tmp_path, None), "money")
    write_empty(tmp_path)
    text = panel(shown(tmp_path, state()), "money")
    assert "Closed trades no trade was closed yet" in text
    assert "expected" not in text


def test_of_books_that_can_not_be_read_nothing_is_said_to_be_missing(tmp_path: Path) -> None:
    write_damaged(tmp_path)
    html = shown(tmp_path, STATES["books-damaged"])
    assert html.count('class="empty broken"') == 3
    text = panel(html, "money").replace("⚠ ", "")
    assert "all holdings the books can't be read" in text


def test_the_account_is_shown_as_the_venue_told_it(tmp_path: Path) -> None:
    text = panel(shown(tmp_path, state()), "money")
    assert "10.30214000 ETH" in text
    assert f"{Decimal('10.30214000') * Decimal('3048.52'):,.2f} USD" in text
    assert "10.31300000 ETH" in text
    assert "0.16480000 ETH" in text


def test_an_error_is_shown_as_that_error_and_never_as_nought(tmp_path: Path) -> None:
    failure = "deribit.get_account_summary: invalid <credentials>"
    never_read = MARKS.model_copy(update={"account": None, "last_failure": failure})
    text = panel(shown(tmp_path, state(market=never_read)), "money")
    assert f"equity at the venue {failure}" in text.replace("⚠ ", "")
    assert "0.00" not in text.split("Closed trades")[0]


def test_an_old_account_says_since_when_it_could_not_be_read(tmp_path: Path) -> None:
    assert MARKS.account is not None
    old = MARKS.account.model_copy(update={"at": MARKS.account.at.replace(hour=1)})
    failed = MARKS.model_copy(update={"account": old, "last_failure": "deribit: no answer"})
    text = panel(shown(tmp_path, state(market=failed)), "money")
    assert "not read since then: deribit: no answer" in text
    assert "10.30214000 ETH" in text


def test_each_monday_has_a_dot_and_opens_its_decision(traded: Path) -> None:
    html = shown(traded, state())
    assert html.count('class="dot ') == 3
    text = panel(html, "why")
    assert "05 Jan 2026: entered" in text
    assert "12 Jan 2026: no entry" in text
    assert "it ended before anything was decided" in text
    assert "<script>alert" not in html
    opened = panel(shown(traded, state(), "/?cycle=entry-20260112T140000Z"), "why")
    assert "entry of 2026-01-12 14:00:00Z no entry dvol_below_min" in opened
    other = panel(shown(traded, state(), "/?cycle=<script>"), "why")
    assert "there is no such cycle in these books" in other


def test_a_decision_is_shown_rule_by_rule_with_value_threshold_and_distance(condor: Path) -> None:
    text = panel(inside(page_of(condor)).get("/").text, "why")
    assert "looked at found threshold apart by" in text
    assert "✓ DVOL 61.2 points at least 40.0 points 21.2 points" in text
    assert "✓ DVOL 61.2 points at most 85.0 points 23.8 points" in text
    assert "realised volatility, 14 days 53.2 points" in text


def test_health_names_rooms_feeds_alerts_and_what_to_do(tmp_path: Path) -> None:
    text = panel(shown(tmp_path, STATES["feed-parked"]), "health")
    assert "mcp.macro TransportError: refused the connection parked 6 0" in text
    assert "macro parked" in text
    assert "77.0 GiB free" in text
    assert "98 records, head 98:7301c83f2eaa" in text
    assert "MEDIUM" in text
    assert "Means" in text


def test_venue_text_is_text_wherever_it_stands(tmp_path: Path) -> None:
    """Whatever a venue, a file or a feed says: it is escaped, on one line, without what can't be seen."""
    evil = "<img src=x onerror=alert(1)>\u202e\n"
    cells = tuple(cell.model_copy(update={"last_error": evil}) for cell in STATES["empty"].cells)
    market = MARKS.model_copy(update={"stale_reason": evil, "last_failure": evil, "account": None})
    html = shown(tmp_path, state(cells=cells, market=market, unavailable={"health": evil}))
    assert "<img" not in html
    assert "\u202e" not in html


CHARTS = ("payoff-usd", "payoff-eth", "path", "gates", "smile")


@pytest.fixture(scope="module")
def of_condor(condor: Path) -> Browser:
    return inside(page_of(condor))


@pytest.mark.parametrize("name", CHARTS)
def test_each_chart_has_its_figure_and_its_table(of_condor: Browser, name: str) -> None:
    assert f'data-chart="{name}"' in of_condor.get("/").text
    figure = of_condor.get(f"/chart/{name}.json").json()
    assert figure["data"]
    assert figure["layout"]


def test_what_the_script_fetches_is_what_the_page_shows(traded: Path) -> None:
    client = inside(page_of(traded, ask=lambda: state()))
    whole, live = client.get("/").text, client.get("/live").text
    assert live.strip() in whole


def test_a_quote_that_was_no_number_leaves_a_gap_in_the_smile_and_no_error() -> None:
    rows = [
        ["ETH-23JAN26-2800-P", "0.01", "0.02", "0.015", float("nan"), -0.2, 300, 30],
        ["ETH-23JAN26-2600-P", "0.01", "0.02", "0.015", 61.5, -0.1, 300, 30],
    ]
    newest = MarketSnapshotRow(NOW, 3100.0, 55.0, None, json.dumps(rows))
    points, _, _ = smile(newest, ())
    assert [point.iv_pct for point in points] == [61.5]
    json.dumps(smile_chart(points, 3100.0).figure, allow_nan=False)
