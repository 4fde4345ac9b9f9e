"""The venue as a process of its own over real HTTP: headers, cut answers, ledger, death and return."""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from core.contract import TOOLS, iso_utc, tool_path
from core.errors import InputError
from gateway.paper.launch import PaperVenueConfig, VenueProcess, start_process
from gateway.paper.ledger import Ledger
from gateway.paper.paper_venue import PaperVenue
from gateway.paper.server import make_app

TOKEN = "a-token-of-the-tests"
MONDAY = datetime(2026, 1, 5, 14, tzinfo=UTC)


class Caller:
    """A client of one venue process."""

    def __init__(self, venue: VenueProcess) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Bot-Tag": "BOT__TEST"}
        self.http = httpx.Client(base_url=venue.url, headers=headers, timeout=10.0, trust_env=False)

    def post(self, tool: str, at: datetime = MONDAY, /, **fields: object) -> httpx.Response:
        return self.http.post(
            f"/mcp-deribit/tools/{tool}", json=fields, headers={"X-Paper-Now": at.isoformat()}
        )

    def ledger(self) -> Ledger:
        return Ledger.model_validate_json(self.http.get("/paper/ledger").content)

    def sell_a_spread(self, label: str) -> dict[str, object]:
        """Sell the put spread nearest to 20 and 10 deltas at its natural price."""
        first, last = (iso_utc(MONDAY + timedelta(days=days)) for days in (9, 15))
        quotes = self.post("get_options_chain", expiry_from=first, expiry_to=last).json()["quotes"]
        puts = [q for q in quotes if q["option_type"] == "put" and q["bid"] and q["ask"]]
        short, long = (min(puts, key=lambda q: abs(q["delta"] + d)) for d in (0.20, 0.10))
        order = {
            "legs": [
                {"instrument_name": short["instrument_name"], "side": "sell"},
                {"instrument_name": long["instrument_name"], "side": "buy"},
            ],
            "amount": "1",
            "side": "sell",
            "price": str(Decimal(short["bid"]) - Decimal(long["ask"])),
            "label": label,
        }
        result: dict[str, object] = self.post("place_combo_order", **order).json()["order"]
        return result


def config(folder: Path, **changes: object) -> PaperVenueConfig:
    return PaperVenueConfig.model_validate({"token": TOKEN, "data_dir": folder, "seed": 7, **changes})


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """One venue for the tests that read only, and for the ledger's, which comes last and moves the clock."""
    process = start_process(config(tmp_path_factory.mktemp("venue")))
    yield process
    process.stop()


@pytest.fixture
def caller(venue: VenueProcess) -> Iterator[Caller]:
    client = Caller(venue)
    yield client
    client.http.close()


def test_answers_over_http_and_takes_its_time_from_the_request(venue: VenueProcess, caller: Caller) -> None:
    assert venue.ready.start == datetime(2026, 1, 5, tzinfo=UTC)
    first = caller.post("get_index_price").json()
    assert first["timestamp"] == iso_utc(MONDAY)
    assert caller.post("get_index_price", MONDAY + timedelta(days=1)).json() != first
    assert caller.http.get("/mcp-macro/health", headers={"X-Paper-Now": iso_utc(MONDAY)}).status_code == 200


def test_refuses_what_has_no_token_no_tag_or_no_time(caller: Caller) -> None:
    path, now = "/mcp-deribit/tools/get_dvol", {"X-Paper-Now": iso_utc(MONDAY)}
    assert caller.http.post(path, headers={**now, "Authorization": "Bearer no"}).status_code == 401
    assert caller.http.post(path, headers={**now, "X-Bot-Tag": "x" * 65}).status_code == 422
    assert "X-Paper-Now" in caller.http.post(path).json()["detail"]
    assert caller.http.post(path, headers={"X-Paper-Now": "2026-01-05T14:00:00"}).status_code == 422
    assert caller.http.get("/paper/ledger", headers={"Authorization": ""}).status_code == 401
    no_tool = "/mcp-deribit/tools/health"
    assert caller.http.post(no_tool, headers=now).status_code == 404
    assert caller.http.post(no_tool, headers={**now, "Authorization": ""}).status_code == 401


def test_documents_every_tool_of_the_contract(caller: Caller) -> None:
    document = caller.http.get("/openapi.json").json()
    assert {tool_path(*key) for key in TOOLS} <= document["paths"].keys()
    references = json.dumps(document).count("$ref")
    assert references > len(TOOLS)
    for path, page in document["paths"].items():
        for operation in page.values():
            answer = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
            assert answer.split("/")[-1] in document["components"]["schemas"], path


def test_the_ledger_shows_start_and_end_and_every_cash_flow(caller: Caller) -> None:
    assert caller.sell_a_spread("p1:e1")["state"] == "filled"
    caller.post("get_positions", MONDAY + timedelta(days=12))
    ledger = caller.ledger()
    assert ledger.start.balance_eth == 10
    assert [flow.kind for flow in ledger.cash_flows] == ["trade", "trade", "settlement", "settlement"]
    assert ledger.end.balance_eth - ledger.start.balance_eth == sum(f.amount_eth for f in ledger.cash_flows)
    assert ledger.assumptions["eur_usd"] == "1.17"


def test_a_killed_venue_comes_back_with_clock_and_account(tmp_path: Path) -> None:
    venue = start_process(config(tmp_path))
    caller = Caller(venue)
    order = caller.sell_a_spread("p1:e1")
    resting = caller.sell_a_spread("p2:e1")
    later = MONDAY + timedelta(hours=1)
    positions = caller.post("get_positions", later).json()
    ledger = caller.ledger()
    caller.http.close()
    venue.kill()
    again = start_process(config(tmp_path))
    try:
        assert again.ready.clock == later
        client = Caller(again)
        assert client.ledger() == ledger
        assert client.post("get_positions", later).json() == positions
        history = client.post("get_order_history", later, since=iso_utc(MONDAY)).json()["orders"]
        assert history == [order, resting]
        assert str(client.sell_a_spread("p3:e1")["order_id"]) > str(resting["order_id"])
        client.http.close()
    finally:
        again.stop()


def test_ends_orderly_when_told_to(tmp_path: Path) -> None:
    process = start_process(config(tmp_path))
    process.stop()
    assert process.process.returncode == 0


def test_a_venue_that_can_not_write_its_store_answers_500_and_ends_with_the_path(tmp_path: Path) -> None:
    process = start_process(config(tmp_path))
    client = Caller(process)
    try:
        # No file of that process may grow any more: every write fails as on a full disk.
        resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (0, 0))
        assert client.post("get_index_price").status_code == 500
        assert process.process.wait(20) == 1
        assert str(tmp_path / "venue.db") in (process.end_found() or "")
    finally:
        client.http.close()
        process.stop()


def test_an_unexpected_error_is_a_500_each_time_and_one_traceback_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    venue = PaperVenue(config(tmp_path))

    def broken(*_: object) -> None:
        raise RuntimeError("the market is gone")

    monkeypatch.setattr(venue.venue, "advance", broken)
    app = make_app(
        venue.dispatch, venue.ledger, driven=True, on_store_failed=lambda error: pytest.fail(str(error))
    )
    caplog.set_level(logging.ERROR, logger="gateway.shell.breakdowns")

    async def call_often() -> set[int]:
        headers = {
            "Authorization": f"Bearer {TOKEN}",
            "X-Bot-Tag": "BOT__TEST",
            "X-Paper-Now": iso_utc(MONDAY),
        }
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers=headers
        ) as http:
            return {(await http.post("/mcp-deribit/tools/get_dvol", json={})).status_code for _ in range(120)}

    assert asyncio.run(call_often()) == {500}
    venue.store.close()
    assert [record.exc_info is not None for record in caplog.records] == [True, False, False]


def test_an_account_belongs_to_its_market(tmp_path: Path) -> None:
    PaperVenue(config(tmp_path)).store.close()
    with pytest.raises(InputError, match="model seed 7"):
        PaperVenue(config(tmp_path, seed=8))


def test_a_cut_answer_really_ends_in_the_middle(tmp_path: Path) -> None:
    process = start_process(config(tmp_path, faults=["deribit:cut:1"]))
    client = Caller(process)
    try:
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("get_options_chain")
    finally:
        client.http.close()
        process.stop()


def test_a_venue_in_real_time_keeps_the_wall_clock_and_refuses_another(tmp_path: Path) -> None:
    process = start_process(config(tmp_path, driven=False))
    client = Caller(process)
    try:
        assert client.post("get_index_price").status_code == 422
        told = client.http.post("/mcp-deribit/tools/get_index_price", json={}).json()["timestamp"]
        assert abs(datetime.fromisoformat(told) - datetime.now(UTC)) < timedelta(minutes=1)
    finally:
        client.http.close()
        process.stop()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"faults": ["deribit:nope"]}, "--fault"),
        ({"assumptions": ["eur_usd=zero"]}, "eur_usd"),
        ({"assumptions": ["nope=1"]}, "--assume"),
        ({"assumptions": ["eur_usd=1", "eur_usd=2"]}, "--assume eur_usd: .*given twice"),
        ({"assumptions": ["balance_eth=1e999999999"]}, "balance_eth"),
        (
            {"assumptions": ["eur_usd=1", "funding_annual=0.1"]},
            "--assume funding_annual: model seed",
        ),
        ({"assumptions": ["touch_size=9999999"]}, "touch_size: expected .* 1000000"),
        ({"source": "recorded"}, "chains"),
        ({"source": "recorded", "chains": "/nowhere"}, "nowhere"),
    ],
)
def test_says_why_it_can_not_start(tmp_path: Path, changes: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        PaperVenue(config(tmp_path, **changes))


def test_hands_the_reason_of_a_failed_start_to_its_parent(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--fault"):
        start_process(config(tmp_path, faults=["deribit:nope"]))


def test_a_configuration_that_is_none_does_not_show_the_token() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway.paper", "--config-json", "-"],
        input='{"token": "hush", "data_dir": "x", "seed": "many"}',
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "seed" in json.loads(done.stdout)["error"]
    assert "hush" not in done.stdout + done.stderr


def test_ends_itself_when_its_parent_dies(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from gateway.paper.launch import *\n"
        f"p = start_process(PaperVenueConfig(token='t', data_dir=pathlib.Path({str(tmp_path)!r})))\n"
        "import os; os._exit(0)\n"
    )
    # The venue holds the standard error that it inherited: this returns when both have ended, or times out.
    done = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 0


def test_says_nothing_where_its_starter_is_gone_before_it_has_told_the_configuration() -> None:
    """As after a Ctrl-C in the very moment of the start: nobody is left to hear why it does not serve."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.paper", "--config-json", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.close()
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(timeout=20) == 0
