"""The distribution's Chromium, headless, driven by playwright, and what it says of a page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK, PHONE = (1440, 900), (390, 844)


def chromium() -> Path | None:
    """Where the browser is; None if there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return None if found is None else Path(found)


def why_not() -> str | None:
    """Why no browser can be driven here; None if one can."""
    if find_spec("playwright") is None:
        return "playwright is not installed: make test-page does that"
    if chromium() is None:
        return "there is no chromium on the PATH: apt-get install chromium"
    return None


@contextmanager
def browsers(*more: str) -> Iterator[Browser]:
    """One browser for many pages; `more` flags for it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(chromium()), args=[*FLAGS, *more])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Looking:
    """A page in the browser, and everything that it complained about or asked other hosts for."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("request", self._asked)

    def _said(self, message: object) -> None:
        kind, text = getattr(message, "type", ""), getattr(message, "text", "")
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {text}")

    def _asked(self, request: object) -> None:
        url = getattr(request, "url", "")
        if not url.startswith((self.origin, "data:", "blob:")):
            self.elsewhere.append(url)

    def wait_for_books(self) -> None:
        """Until the page has read the folder, which it does beside its first answer."""
        self.page.locator("#money:has-text('being read')").wait_for(state="hidden")

    def wait_for_words(self, words: str) -> None:
        """Until the verdict says so."""
        self.page.locator(f"#verdict:has-text({json.dumps(words)})").wait_for()

    def charts(self) -> list[str]:
        """The names of all charts, from top to bottom."""
        found: list[str] = self.page.eval_on_selector_all(
            "[data-chart]", "all => all.map(it => it.dataset.chart)"
        )
        return found

    def scroll_through(self) -> None:
        """Down to the end, a chart at a time; then up again. Raises playwright's TimeoutError without one."""
        self.wait_for_books()
        # A first answer without the engine's is refreshed, and what comes then moves what stands below it.
        for name in self.charts():
            self._to_chart(name)
            self.page.locator(f"[data-chart='{name}'] .still .lines").wait_for()
        self.page.evaluate("() => scrollTo({ top: 0, behavior: 'instant' })")

    def explore(self, name: str) -> None:
        """Have plotly draw a chart. Raises playwright's TimeoutError if it does not."""
        self._to_chart(name)
        # Not by the mouse: resting over a chart after a scroll, it may have explored it already.
        self.page.locator(f"[data-explore='{name}']").evaluate("(it) => it.click()")
        self.page.locator(f"[data-chart='{name}'][data-drawn='yes'] .main-svg").first.wait_for()

    def _to_chart(self, name: str) -> None:
        self.page.locator(f"[data-chart='{name}']").evaluate(
            "(it) => it.scrollIntoView({ block: 'center', behavior: 'instant' })"
        )


@contextmanager
def looking(
    browser: Browser,
    link: str,
    size: tuple[int, int] = DESK,
    *,
    scheme: str = "light",
    slower: float = 1.0,
    before: str = "",
) -> Iterator[Looking]:
    """Open a link in a window of its own, with no cookie of another; `slower` throttles the processor.

    `before` is a function that is called before any script of the page.
    """
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        has_touch=size == PHONE,
        is_mobile=size == PHONE,
    )
    try:
        # A machine that has much else to do is slow, not wrong.
        context.set_default_timeout(120_000)
        page = context.new_page()
        if slower > 1.0:
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        if before:
            page.add_init_script(f"({before})()")
        looked = Looking(page, link.split("/enter")[0].rsplit("?", 1)[0].rstrip("/"))
        # For a locator playwright puts 330 kB of script into the page, which would be read before its words.
        page.goto(link)
        yield looked
    finally:
        context.close()
