"""Writes the part of docs/runbook.md that the table of alerts makes: `python -m tests.tidy.runbook`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from core.alerts import AlertCode, AlertEntry, begins_of
from core.alerts.table import CHAPTERS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"
BEGIN = "<!-- From here on made from core/alerts/ by `make runbook`. -->\n"
END = "<!-- Made up to here. -->\n"


def anchor(code: AlertCode) -> str:
    """The place of a code on the page: docs/runbook.md#disk_low."""
    return code.value.replace(":", "-")


def section() -> str:
    """The whole section, a chapter for each part of the table."""
    return "".join(line for title, entries in CHAPTERS.items() for line in _chapter(title, entries))


def replaced(page: str) -> str:
    """The page with the section as the table makes it. Raises ValueError for a page without its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE}: expected the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}{section()}{END}{after}"


def _chapter(title: str, entries: Mapping[AlertCode, AlertEntry]) -> Iterator[str]:
    yield f"\n### {title}\n"
    for code, entry in entries.items():
        yield from _entry(code, entry)


def _entry(code: AlertCode, entry: AlertEntry) -> Iterator[str]:
    severities = ", ".join(severity.value for severity in entry.severities)
    yield f'\n<a id="{anchor(code)}"></a>**{entry.title}** · `{code.value}` · {severities}\n\n'
    yield f"{entry.means}\n"
    yield f"- Now: {entry.do}\n"
    over = entry.over
    if entry.ends is not None:
        over += f" Its end: {_link(entry.ends)}."
    if begins := sorted(begins_of(code)):
        over += f" What it ends: {', '.join(map(_link, begins))}."
    yield f"- Over: {over}\n"


def _link(code: AlertCode) -> str:
    return f"[`{code.value}`](#{anchor(code)})"


if __name__ == "__main__":
    PAGE.write_text(replaced(PAGE.read_text("utf-8")), "utf-8")
