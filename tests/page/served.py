"""`run.py page` in a process of its own, as a person starts it."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.cli.support import started


@dataclass(frozen=True)
class Served:
    """A page that listens. Each link lets one browser in, once."""

    links: list[str]
    process: subprocess.Popen[str]

    @property
    def origin(self) -> str:
        return self.links[0].split("/enter")[0]

    def link(self) -> str:
        """A link that was not used yet."""
        return self.links.pop()


@contextmanager
def served(data_dir: Path, *arguments: str | Path, links: int = 8) -> Iterator[Served]:
    """The page of a folder; it has ended after the block, as by Ctrl-C."""
    process = started(
        "page",
        *("--data-dir", data_dir),
        *("--port", "0"),
        *("--links", str(links)),
        *arguments,
        INSTANCE_NAME="of-the-test",
    )
    try:
        yield Served(_printed(process, links), process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def _printed(process: subprocess.Popen[str], links: int) -> list[str]:
    """The links that it prints once it listens. Raises AssertionError with what it said instead."""
    assert process.stdout is not None
    found: list[str] = []
    said: list[str] = []
    while len(found) < links:
        line = process.stdout.readline()
        if not line:
            _, complaint = process.communicate(timeout=30)
            raise AssertionError(f"the page ended: {''.join(said)}{complaint}")
        said.append(line)
        found += re.findall(r"^https?://\S+$", line.strip())
    return found


@contextmanager
def served_files(folder: Path) -> Iterator[str]:
    """Another server of this machine, which serves a folder; its address."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join(5.0)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what is asked is no news."""
