"""Every relative link and anchor of the documentation leads somewhere, and every page is found."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.tidy.sources import ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ID = re.compile(r'<a id="([^"]+)">')
ELSEWHERE = re.compile(r"[a-z]+:")


def slug(heading: str) -> str:
    """The anchor of a heading, as the site makes it: what the extension `toc` of Python-Markdown does."""
    plain = unicodedata.normalize("NFKD", heading.replace("`", "")).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def anchors_in(text: str) -> set[str]:
    """Of all headings, the second of one name with `_1`; and those that are given as such."""
    found: dict[str, int] = {}
    names = set(ID.findall(text))
    for heading in HEADING.findall(FENCE.sub("", text)):
        name = slug(heading)
        number = found.get(name, -1) + 1
        found[name] = number
        names.add(f"{name}_{number}" if number else name)
    return names


@cache
def anchors_of(page: Path) -> set[str]:
    return anchors_in(page.read_text("utf-8"))


def links_in(text: str) -> Iterator[str]:
    """Each link to somewhere in the project; what is shown as code is none."""
    for target in LINK.findall(CODE.sub("", FENCE.sub("", text))):
        if not ELSEWHERE.match(target):
            yield target


def dead(page: Path, text: str) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for target in links_in(text):
        path, _, anchor = target.partition("#")
        leads_to = (page.parent / path).resolve() if path else page
        on_site = page.name == "README.md" or leads_to.is_relative_to(DOCS)
        if not leads_to.is_file() or not on_site:
            found.append(f"{target}: no such page")
        elif anchor and anchor not in anchors_of(leads_to):
            found.append(f"{target}: no such anchor")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    assert dead(page, page.read_text("utf-8")) == []


def test_links_are_found_and_dead_ones_named() -> None:
    assert len(list(links_in((DOCS / "index.md").read_text("utf-8")))) > 15
    text = "[a](none.md) [b](glossary.md#none) [c](../README.md) [d](glossary.md#glossary) `[e](none.md)`"
    assert dead(DOCS / "index.md", text) == [
        "none.md: no such page",
        "glossary.md#none: no such anchor",
        "../README.md: no such page",
    ]


def test_anchors_are_those_of_the_site() -> None:
    text = '# The gate (`limits`)\n## Two\n## Two\n```\n# none\n```\n<a id="x_y"></a>\n'
    assert anchors_in(text) == {"the-gate-limits", "two", "two_1", "x_y"}


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    def pages(entry: object) -> Iterator[str]:
        match entry:
            case str():
                yield entry
            case list():
                for each in entry:
                    yield from pages(each)
            case dict():
                yield from pages(list(entry.values()))
            case _:
                raise AssertionError(f"nav: expected a page, a list or a name, found {entry!r}")

    site = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
    listed = list(pages(site["nav"]))
    own = {path.relative_to(DOCS).as_posix() for path in DOCS.glob("*.md")} | {"decisions/index.md"}
    assert sorted(listed) == sorted(own)


def test_the_list_of_decisions_is_whole() -> None:
    listed = set(links_in((DOCS / "decisions" / "index.md").read_text("utf-8")))
    assert listed == {path.name for path in (DOCS / "decisions").glob("*.md")} - {"index.md"}


def test_the_start_page_leads_to_every_page() -> None:
    listed = {target.partition("#")[0] for target in links_in((DOCS / "index.md").read_text("utf-8"))}
    own = {path.name for path in DOCS.glob("*.md")} - {"index.md"}
    assert own - listed == set()


def test_the_readme_names_every_folder_of_code() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    packages = [path.parent for kind in ("*", "gateway/*") for path in ROOT.glob(f"{kind}/__init__.py")]
    houses = {path.relative_to(ROOT).as_posix() for path in packages} - {"gateway"}
    assert {house for house in houses if f"`{house}/`" not in text} == set()
