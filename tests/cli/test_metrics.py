"""`metrics` as Prometheus and a person meet it: the page, who may read it, and what it says at its start."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import http_server
from reading.metrics.table import SERIES_MAX, TABLE
from tests.cli.scraping import Metrics, metrics_of
from tests.cli.support import Cli
from tests.fakes.whole_books import make_whole_books


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metrics]:
    with metrics_of(make_whole_books(tmp_path_factory.mktemp("metrics"))) as metrics:
        yield metrics


def test_a_scrape_of_a_dead_engine_has_every_series_and_says_that_it_is_dead(metrics: Metrics) -> None:
    answer = metrics.get()
    assert (answer.status, answer.kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    samples = answer.samples
    assert samples.keys() == {(series.name, key) for series in TABLE for key in series.keys}
    assert len(samples) <= SERIES_MAX
    assert samples["cerbero_bite_up", ""] == 0.0
    assert samples["cerbero_bite_positions", "closed"] == 1.0


def test_help_and_type_stand_once_before_each_family(metrics: Metrics) -> None:
    lines = metrics.get().text.splitlines()
    told = [line.split()[1:3] for line in lines if line.startswith("#")]
    assert told == [[word, series.name] for series in TABLE for word in ("HELP", "TYPE")]


def test_there_is_no_other_page_and_nothing_to_change(metrics: Metrics) -> None:
    assert metrics.get("/").status == 404
    assert metrics.get("/metrics/../metrics/else").status == 404
    assert metrics.get(method="POST").status == 405
    assert metrics.get(method="DELETE").status == 405


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 421), ("evil.example:9464", 421), ("localhost:9", 200), ("[::1]:9", 200), ("", 421)],
)
def test_a_page_in_a_browser_does_not_reach_it_by_a_name_of_its_own(
    metrics: Metrics, host: str, status: int
) -> None:
    assert metrics.get(host=host).status == status


def test_connections_that_say_nothing_do_not_keep_a_scraper_out(metrics: Metrics) -> None:
    address = metrics.url.split("/")[2].split(":")
    idle = [socket.create_connection((address[0], int(address[1])), timeout=10) for _ in range(8)]
    try:
        assert metrics.get().status == 200
    finally:
        for connection in idle:
            connection.close()


def test_another_address_is_named_at_the_start(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "serve", lambda app, listener: None)
    ran = cli("metrics", "--port", "0", "--data-dir", tmp_path)
    assert ran.code == 0
    assert ran.out.startswith(f"metrics of {tmp_path}: http://127.0.0.1:")
    assert len(ran.out.splitlines()) == 1
    cli.set(METRICS_HOST="0.0.0.0")  # noqa: S104  (nothing is served)
    ran = cli("metrics", "--port", "0", "--data-dir", tmp_path)
    assert "CERBERO_BITE_METRICS_HOST: 0.0.0.0: whoever reaches this port" in " ".join(ran.out.split())


def test_a_port_that_is_taken_and_a_folder_that_is_not_there_are_named(cli: Cli, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = cli("metrics", "--port", port, "--data-dir", tmp_path)
    assert ran.code == 2
    assert f"--port {port} (CERBERO_BITE_METRICS_HOST 127.0.0.1): expected a free port" in ran.err
    ran = cli("metrics", "--data-dir", tmp_path / "none")
    assert ran.code == 2
    assert "expected the folder of an engine, found none" in " ".join(ran.err.split())
