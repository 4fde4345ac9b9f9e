"""`run.py page` as a process: its links, its end, what it refuses, and a finished run."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import httpx
import pytest

from cli import http_server
from gateway.shell.connections import HEAD_S_MAX
from reading.trading_books import trading_report
from reading.trading_forms import report_json
from tests.cli.support import Cli
from tests.page.browsing import panel
from tests.page.served import Served, served
from tests.page.speed import resident_mb

RESIDENT_MB_MAX = 60.0
LOOKS_MAX = 60


def test_it_serves_is_small_and_ends_at_once(one_trade: Path) -> None:
    with served(one_trade, links=2) as page, httpx.Client(follow_redirects=True) as client:
        first = client.get(page.link())
        assert first.status_code == 200
        shown = panel(first.text, "why")
        # On a busy machine the first answers come before the folder is read; each waits for it for a while.
        for _ in range(LOOKS_MAX):
            if "being read" not in shown:
                break
            shown = panel(client.get(f"{page.origin}/").text, "why")
        assert "entered" in shown
        host, port = page.origin.split("/")[2].split(":")
        idle = [socket.create_connection((host, int(port)), timeout=10) for _ in range(8)]
        assert client.get(f"{page.origin}/live").status_code == 200
        assert resident_mb(page.process.pid) < RESIDENT_MB_MAX
        mapped = Path(f"/proc/{page.process.pid}/maps").read_text("utf-8")
        assert "libcrypto" not in mapped
        assert "libssl" not in mapped
        page.process.send_signal(signal.SIGTERM)
        began_s = monotonic()
        assert page.process.wait(20) == 0
        assert monotonic() - began_s < 5.0
        for connection in idle:
            connection.close()


def test_what_a_silent_connection_holds_is_bounded() -> None:
    assert HEAD_S_MAX <= 10.0
    assert http_server.CONNECTIONS_MAX <= 64
    assert http_server.HEAD_BYTES_MAX <= 65_536


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(capsys, monkeypatch)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is served: the command ends where it would begin to."""
    monkeypatch.setattr(http_server, "serve", lambda app, listener: None)


@pytest.mark.usefixtures("quiet")
def test_another_address_needs_a_word_and_is_named_at_the_start(cli: Cli, tmp_path: Path) -> None:
    arguments = ("page", "--port", "0", "--data-dir", tmp_path, "--host", "0.0.0.0")  # noqa: S104
    refused = cli(*arguments)
    assert refused.code == 2
    assert "expected CERBERO_BITE_PAGE_EXPOSE=yes beside it" in " ".join(refused.err.split())
    cli.monkeypatch.setenv("CERBERO_BITE_PAGE_EXPOSE", "yes")
    allowed = cli(*arguments)
    assert allowed.code == 0
    assert "CERBERO_BITE_PAGE_EXPOSE: --host 0.0.0.0: whoever listens" in " ".join(allowed.out.split())
    cli.monkeypatch.setenv("CERBERO_BITE_PAGE_EXPOSE", "perhaps")
    assert cli(*arguments).code == 2


@pytest.mark.usefixtures("quiet")
def test_behind_a_proxy_the_links_have_its_name(cli: Cli, tmp_path: Path) -> None:
    arguments: tuple[str | Path, ...] = ("page", "--port", "0", "--data-dir", tmp_path, "--public-name")
    ran = cli(*arguments, "Bite.example.org", "--links", "2")
    assert ran.code == 0
    assert ran.out.count("https://bite.example.org/enter?token=") == 2
    for wrong in ("https://bite.example.org", "bite.example.org:443", "", "a b"):
        assert cli(*arguments, wrong).code == 2


@pytest.mark.usefixtures("quiet")
def test_a_file_that_is_no_run_is_refused_by_its_key(cli: Cli, one_trade: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    report = report_json(trading_report(one_trade))
    for content, says in (
        ("{", "expected JSON"),
        ("[]", "expected what --json of `run.py paper`, `run.py backtest` or `run.py report` wrote"),
        (json.dumps({**report, "began": "yesterday"}), "began: "),
        (json.dumps({"run": {}, "trades": []}), "trading: expected the report of its trades"),
    ):
        file.write_text(content, "utf-8")
        ran = cli("page", "--port", "0", "--report", file)
        assert ran.code == 2
        assert says in " ".join(ran.err.split())
    assert cli("page", "--port", "0", "--report", tmp_path / "none").code == 2


@pytest.fixture(scope="module")
def finished(one_trade: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page of a finished run."""
    file = tmp_path_factory.mktemp("finished") / "out.json"
    file.write_text(json.dumps(report_json(trading_report(one_trade))), "utf-8")
    with served(one_trade, "--report", file, links=2) as page:
        yield page


def test_a_finished_run_has_the_same_figures_and_nothing_to_arm(finished: Served, one_trade: Path) -> None:
    with httpx.Client(follow_redirects=True) as client:
        html = client.get(finished.link()).text
        total = trading_report(one_trade).performance.total
        assert f"{total.pnl_eth:+,.8f} ETH {total.pnl_usd:+,.2f} USD" in panel(html, "money")
        assert "DONE a finished run: 1 trade closed" in panel(html, "verdict")
        assert 'action="/arm"' not in html
        assert "Read from the file of a finished run" in html
        assert client.get(f"{finished.origin}/arm").status_code == 404
        assert client.get(f"{finished.origin}/chart/months.json").status_code == 200


def test_a_link_that_was_used_leads_nobody_in(finished: Served) -> None:
    link = finished.link()
    assert httpx.get(link).status_code == 303
    assert httpx.get(link).status_code == 401
