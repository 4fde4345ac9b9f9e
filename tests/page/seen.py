"""What a person sees of a page: words, what lies over what, and what an accessibility check finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.page.chromium import Looking

PANELS = ("verdict", "position", "money", "why", "health")
OVERLAPS = """
() => {
  // Text lies in boxes: of each run of text on the page, as far as nothing that scrolls cuts it off.
  const boxes = [];
  const cut = (element, box) => {
    let [left, top, right, bottom] = [box.left, box.top, box.right, box.bottom];
    for (let outer = element; outer && outer !== document.body; outer = outer.parentElement) {
      const style = getComputedStyle(outer);
      if (style.overflowX === "visible" && style.overflowY === "visible") continue;
      const edge = outer.getBoundingClientRect();
      [left, top] = [Math.max(left, edge.left), Math.max(top, edge.top)];
      [right, bottom] = [Math.min(right, edge.right), Math.min(bottom, edge.bottom)];
    }
    return { left, top, right, bottom };
  };
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const unseen = (element) => element.closest(".unseen, .skip, .modebar") !== null;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, style") || unseen(element) || !shown(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const whole of range.getClientRects()) {
      const box = cut(element, whole);
      if (box.right - box.left < 2 || box.bottom - box.top < 2) continue;
      // The lines of one label belong together.
      const label = element.closest("text") ?? element;
      boxes.push({ text: node.data.trim().slice(0, 40), element: label, ...box });
    }
  }
  const found = [];
  for (let one = 0; one < boxes.length; one++) {
    for (let other = one + 1; other < boxes.length; other++) {
      const [a, b] = [boxes[one], boxes[other]];
      if (a.element === b.element) continue;
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // Lines of text may touch; letters may not.
      if (across > 2 && down > 4) found.push(`${a.text} / ${b.text}`);
    }
  }
  return found;
}
"""
LINES_OF_LEVEL = """
() => {
  const range = document.createRange();
  range.selectNodeContents(document.querySelector("#verdict .level"));
  return range.getClientRects().length;
}
"""


@dataclass(frozen=True)
class Seen:
    """A page as it was seen from top to bottom; `overlaps` and `serious` also with every chart explored."""

    panels: dict[str, str]
    charts: dict[str, str]
    width: tuple[int, int]
    level_lines: int
    overlaps: list[str]
    serious: list[str]
    complaints: list[str]
    elsewhere: list[str]


def seen(looked: Looking) -> Seen:
    """Scroll through it, look at everything, explore every chart, and look again."""
    page = looked.page
    looked.scroll_through()
    overlaps, found = page.evaluate(OVERLAPS), serious(looked)
    for name in looked.charts():
        looked.explore(name)
    # At the top, where what stays on the screen lies over nothing.
    page.evaluate("() => scrollTo({ top: 0, behavior: 'instant' })")
    charts = page.locator("[data-chart]")
    return Seen(
        panels={name: _flat(page.locator(f"#{name}").inner_text()) for name in PANELS},
        charts={
            str(each.get_attribute("data-chart")): str(each.get_attribute("data-drawn"))
            for each in charts.all()
        },
        width=tuple(page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")),
        level_lines=page.evaluate(LINES_OF_LEVEL),
        overlaps=overlaps + page.evaluate(OVERLAPS),
        serious=found + serious(looked),
        complaints=list(looked.complaints),
        elsewhere=list(looked.elsewhere),
    )


def serious(looked: Looking) -> list[str]:
    """What axe calls serious or critical; its script is put in by `evaluate`, past no policy of the page."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(looked.page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {', '.join(' '.join(node['target']) for node in one['nodes'][:5])}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def _flat(text: str) -> str:
    """Labelled on one line, so that how they are wrapped does not matter."""
    return " ".join(text.split())
