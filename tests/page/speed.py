"""How fast the page is, and what it costs: `python -m tests.page.speed` prints the table of docs/page.md.

Wall time counts whatever else the machine does; the processor time of the page, beside it, does not. With
`--alone`, as root, the browser and its page go before all other work of the machine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from http.client import HTTPConnection
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from actors.control.wire import RequestName
from core.messages.control import Healthcheck
from reading.control_client import ask_engine, request_of
from tests.cli.test_live import running
from tests.page.alone import before_all_else
from tests.page.chromium import DESK, PHONE, browsers, looking, why_not
from tests.page.served import Served, served
from tests.page.states import in_state
from tests.page.years import write_years

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event as MultiprocessEvent

WEEKS = 156
YEARS = Path(__file__).resolve().parents[2] / "page-speed" / "years"
"""Kept for the next time, as writing it takes half a minute."""
CLIENTS = 10
ASKS = 200
WORDS = """
() => {
  // The panels below the verdict are laid out and painted by the frame that tells of the end of this.
  const told = () => requestAnimationFrame(() => setTimeout(() => { window.wordsAt ??= performance.now(); }));
  addEventListener("animationend", told);
}
"""
CHARTS = """
() => {
  // A chart that is laid out and lies in the window in one frame has been painted by the next.
  let before = false;
  const look = () => {
    if (before) { window.chartedAt = performance.now(); return; }
    before = [...document.querySelectorAll("[data-chart] .still")].some((still) => {
      const box = still.getBoundingClientRect();
      const laidOut = still.checkVisibility({ contentVisibilityAuto: true });
      return laidOut && box.top < innerHeight && box.bottom > 0;
    });
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""
READ = """
() => {
  const answered = performance.getEntriesByType("navigation")[0].responseStart;
  const painted = performance.getEntriesByName("first-contentful-paint")[0].startTime;
  return [painted, window.wordsAt, window.chartedAt].map((at) => at - answered);
}
"""
EXPLORE = """
(chart) => new Promise((explored) => {
  const began = performance.now();
  const told = () => explored(performance.now() - began);
  new MutationObserver(() => requestAnimationFrame(() => requestAnimationFrame(told)))
    .observe(chart, { attributes: true, attributeFilter: ["data-drawn"] });
  chart.click();
})
"""
ROUNDS = 5
ALONE = "--alone"


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Memory that it holds, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024 / 1e6


class Client:
    """One that looks, without a browser, with its cookie."""

    def __init__(self, origin: str, cookie: str) -> None:
        self._origin = urlsplit(origin)
        self._cookie = cookie

    @classmethod
    def of(cls, page: Served) -> Client:
        """Enters by a link."""
        link = urlsplit(page.link())
        entering = HTTPConnection(str(link.hostname), link.port, timeout=60.0)
        entering.request("GET", f"{link.path}?{link.query}")
        cookie = str(entering.getresponse().getheader("Set-Cookie")).split(";")[0]
        entering.close()
        return cls(f"{link.scheme}://{link.netloc}", cookie)

    def another(self) -> Client:
        """A second window of the same browser."""
        return Client(self._origin.geturl(), self._cookie)

    def get(self, path: str) -> tuple[float, int]:
        """How long the answer took in seconds, and its size in bytes."""
        began = perf_counter()
        with closing(HTTPConnection(str(self._origin.hostname), self._origin.port, timeout=60.0)) as asking:
            asking.request("GET", path, headers={"Cookie": self._cookie})
            answer = asking.getresponse()
            body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: expected 200, found {answer.status}")
        return perf_counter() - began, len(body)


def in_browser(folder: Path) -> Iterator[tuple[str, str]]:
    """Labelled and charts of an open condor, on a desk and at a quarter of the speed; each the median."""
    with in_state("condor", folder / "condor") as data_dir, browsers() as browser:
        for name, size, slower in (("desk", DESK, 1.0), ("phone, CPU slowed 4 times", PHONE, 4.0)):
            seen: list[list[float]] = []
            # With a hand on the page nothing but the first words can be measured: it is work of its own.
            for before, awaited, at in (
                ("", "performance.getEntriesByName('first-contentful-paint')[0]", ""),
                (WORDS, "window.wordsAt", ""),
                (CHARTS, "window.chartedAt", "#figure-of-payoff-usd"),
            ):
                with served(data_dir) as page:
                    if ALONE in sys.argv:
                        before_all_else()
                    found: list[list[float]] = []
                    for _ in range(ROUNDS):
                        link = f"{page.link()}{at}"
                        with looking(browser, link, size, slower=slower, before=before) as looked:
                            looked.page.wait_for_function(f"() => {awaited} !== undefined")
                            times = looked.page.evaluate(READ)
                            if at:
                                times.append(looked.page.locator("[data-chart]").first.evaluate(EXPLORE))
                            found.append(times)
                seen.append([median(column) for column in zip(*found, strict=True)])
            yield f"the verdict painted after the answer, {name}", f"{seen[0][0]:.0f} ms"
            yield f"all words painted after the answer, {name}", f"{seen[1][1]:.0f} ms"
            yield f"charts on the screen painted after the answer, {name}", f"{seen[2][2]:.0f} ms"
            yield f"plotly loaded, and a chart explored, {name}", f"{seen[2][3]:.0f} ms"


def on_server(_folder: Path) -> Iterator[tuple[str, str]]:
    """A cold start, and the page over three years."""
    if not YEARS.exists():
        write_years(YEARS, WEEKS)
    began = perf_counter()
    with served(YEARS) as page:
        pid = page.process.pid
        yield "ready, cold", f"{perf_counter() - began:.2f} s (CPU {cpu_s(pid):.2f} s)"
        client = Client.of(page)
        first, _ = client.get("/")
        yield "first answer over three years", f"{1000 * first:.0f} ms"
        Event().wait(20.0)
        spent, took = cpu_s(pid), []
        for _ in range(10):
            took.append(client.get("/")[0])
            Event().wait(1.1)
        each = (cpu_s(pid) - spent) / len(took)
        size = client.get("/")[1]
        yield (
            "a page over three years",
            f"{1000 * median(took):.0f} ms (CPU {1000 * each:.0f} ms, {size:,} bytes)",
        )
        yield "resident", f"{resident_mb(pid):.0f} MB"


@contextmanager
def ten_looking(page: Served) -> Iterator[None]:
    """Ten windows of one browser, which ask for the words every three seconds, as the script does.

    They have a process of their own, so that what they do does not count as the engine's time.
    """
    spawned = get_context("spawn")
    ended = spawned.Event()
    looking_on = spawned.Process(target=look_on, args=(Client.of(page), ended), daemon=True)
    looking_on.start()
    try:
        yield
    finally:
        ended.set()
        looking_on.join(60.0)


def look_on(first: Client, ended: MultiprocessEvent) -> None:
    """Look until the event is set."""

    def look(client: Client) -> None:
        while not ended.wait(3.0):
            client.get("/live")

    threads = [Thread(target=look, args=(first.another(),), daemon=True) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def asked_ms(data_dir: Path) -> tuple[float, float]:
    """Median and 99th of a hundred of a round through the engine's rooms, in ms."""
    took = []
    for _ in range(ASKS):
        began = perf_counter()
        ask_engine(data_dir, request_of(RequestName.HEALTHCHECK), Healthcheck)
        took.append(1000 * (perf_counter() - began))
        Event().wait(0.02)
    return median(took), sorted(took)[int(0.99 * len(took))]


def beside_an_engine(folder: Path) -> Iterator[tuple[str, str]]:
    """What the engine's answers take with nobody looking, with ten, and with nobody again."""
    live = folder / "live"
    live.mkdir()
    with running(live) as house, served(house.data) as page:
        for name in ("nobody looks", "ten look", "nobody looks again"):
            with ten_looking(page) if name == "ten look" else nullcontext():
                spent, began = cpu_s(house.engine.pid), perf_counter()
                half, most = asked_ms(house.data)
                share = (cpu_s(house.engine.pid) - spent) / (perf_counter() - began)
            yield (
                f"the engine answers while {name}",
                f"median {half:.1f} ms, p99 {most:.1f} ms, CPU {share:.1%}",
            )


def main() -> None:
    """Print every figure as soon as it is measured."""
    wanted = [name for name in sys.argv[1:] if name != ALONE] or ["server", "browser", "engine"]
    with TemporaryDirectory() as name:
        folder = Path(name)
        parts = {"server": on_server, "browser": in_browser, "engine": beside_an_engine}
        for part in wanted:
            if part == "browser" and why_not() is not None:
                sys.stdout.write(f"browser: not measured: {why_not()}\n")
                continue
            for what, found in parts[part](folder):
                sys.stdout.write(f"| {what} | {found} |\n")
                sys.stdout.flush()
        sys.stdout.write(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")


if __name__ == "__main__":
    main()
