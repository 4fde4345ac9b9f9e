"""docs/configuration.md: every environment variable, and every key of strategy.yaml."""

from __future__ import annotations

from collections.abc import Iterable

from config import VARIABLES
from config.consequences import OF_VARIABLES
from config.settings_list import Setting, settings
from tests.tidy.pages.marked import Page, code, table


def variables() -> str:
    rows = ((code(name), meaning, OF_VARIABLES.get(name, "")) for name, meaning in VARIABLES.items())
    return table(("variable", "what it is", "a wrong one costs"), rows)


def keys() -> str:
    """A table for each section of the file, under a heading of its own."""
    sections: dict[str, list[Setting]] = {}
    for setting in settings(None):
        sections.setdefault(setting.key.split(".")[0], []).append(setting)
    return "\n".join(f"### {name}\n\n{_section(found)}" for name, found in sections.items())


def _section(found: Iterable[Setting]) -> str:
    rows = (
        (
            code(each.key),
            each.meaning,
            code(each.allowed.replace(" | ", ", ")),
            code(each.default),
            each.consequence,
        )
        for each in found
    )
    return table(("key", "unit and meaning", "range", "default", "a wrong one costs"), rows)


PAGE = Page("configuration.md", {"Variables": variables, "Keys": keys})
