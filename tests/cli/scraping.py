"""A `metrics` process that is scraped as Prometheus does it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from tests.cli.support import started


@dataclass(frozen=True)
class Answer:
    """What an HTTP request brought."""

    status: int
    kind: str
    text: str

    @property
    def samples(self) -> dict[tuple[str, str], float]:
        """Each value by the series' name and its label's value, as Prometheus's own parser reads it."""
        return {
            (sample.name, "".join(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
        }


@dataclass(frozen=True)
class Metrics:
    """The process and where it said that it listens."""

    process: subprocess.Popen[str]
    url: str

    def get(self, path: str = "/metrics", *, method: str = "GET", host: str | None = None) -> Answer:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, path, headers={} if host is None else {"Host": host})
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheader("Content-Type", ""), answer.read().decode())
        finally:
            connection.close()


@contextmanager
def metrics_of(data_dir: Path) -> Iterator[Metrics]:
    """Serves the figures of a folder on a free port, until it is asked to end, which it does with 0."""
    process = started("metrics", "--port", "0", "--data-dir", data_dir)
    try:
        assert process.stdout is not None
        yield Metrics(process, process.stdout.readline().split()[-1])
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 0, said
    finally:
        process.kill()
        process.communicate()
