"""A page with parts that are made: each stands between two marks, and everything else is a person's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[3] / "docs"
END = "<!-- Made up to here. -->\n"


@dataclass(frozen=True)
class Page:
    """`parts` makes the text of each part by its name."""

    name: str
    parts: Mapping[str, Callable[[], str]]

    @property
    def path(self) -> Path:
        return DOCS / self.name


def begin(part: str) -> str:
    """The mark before a part."""
    return f"<!-- {part}: from here on made from the code by `make pages`. -->\n"


def replaced(text: str, page: Page) -> str:
    """The page with each of its parts as the code makes it. Raises ValueError if a mark is missing."""
    for part, make in page.parts.items():
        before, mark, rest = text.partition(begin(part))
        _, end, after = rest.partition(END)
        if not mark or not end:
            raise ValueError(f"{page.name}: expected the lines {begin(part)!r} and {END!r}")
        text = f"{before}{mark}\n{make()}\n{END}{after}"
    return text


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown. A cell without a word becomes a dash."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def code(text: str) -> str:
    """As code, or nothing."""
    return f"`{text}`" if text else ""


def first_line(text: str | None) -> str:
    """The first sentence or line of a docstring."""
    return " ".join((text or "").strip().split("\n\n")[0].split())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|") or "–"
