"""The page over a run that is over: nothing is said to come yet."""

from __future__ import annotations

import json
from pathlib import Path

from page.finished import FinishedViews
from page.view import View
from reading.trading_books import trading_report
from reading.trading_forms import report_json
from tests.actors.state.books_room import BooksRoom, opened
from tests.fakes.open_position import NOW

CUT_OFF = "cut off by the end of the run"


def over_a_report(tmp_path: Path) -> View:
    """Of what `report --json` writes of books in which one trade is open."""
    room = BooksRoom(tmp_path / "books").start()
    opened(room)
    room.stop()
    file = tmp_path / "out.json"
    file.write_text(json.dumps(report_json(trading_report(room.data_dir))), "utf-8")
    return FinishedViews(file).view()


def over_a_paper_run(tmp_path: Path) -> View:
    """Of what `paper --json` writes of a run that Ctrl-C ended within its entry cycle."""
    report = json.loads((tmp_path / "out.json").read_text("utf-8"))
    at = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    entry = {"at": at, "balance_eth": "10", "equity_eth": "10", "equity_usd": "30000"}
    run = {"began": at, "ended": at, "ended_by": "SIGINT", "market": "model", "version": "0.1.0"}
    file = tmp_path / "paper.json"
    document = {
        "run": run,
        "trading": report,
        "cycles": [{"id": "entry-1", "kind": "entry", "slot": at, "outcome": None, "reasons": []}],
        "equity": [],
        "alerts": [],
        "actors": {},
        "audit": {"records": 1, "head": "1:ab", "ok": True, "problem": None},
        "account": {"start": entry, "end": entry},
    }
    file.write_text(json.dumps(document), "utf-8")
    return FinishedViews(file).view()


def test_what_did_not_happen_will_not_happen_any_more(tmp_path: Path) -> None:
    report = over_a_report(tmp_path)
    assert report.money.empty == "no trade was closed"
    assert report.verdict.findings[0].text == "a finished run: no trade was closed"
    assert report.health.no_alerts == "the file says nothing of them"
    paper = over_a_paper_run(tmp_path)
    assert paper.health.no_alerts == "none"
    assert [dot.outcome for dot in paper.why.dots] == [CUT_OFF]
    assert [decision.outcome for decision in paper.why.decisions] == [CUT_OFF]
