"""The commands in the documentation: every line that begins with run.py, as a person would type it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import typer

from cli.main import COMMANDS, GROUPS, app
from tests.tidy.sources import ROOT

PAGES = [ROOT / "README.md", ROOT / ".env.example", *sorted((ROOT / "docs").rglob("*.md"))]
HASH = "0" * 64
PLACEHOLDERS: Mapping[str, str] = {
    "CHAINS": "sample/chains",
    "CYCLE": "entry-20260105T140000Z",
    "CYCLE_ID": "entry-20260105T140000Z",
    "DIR": "data",
    "ETH": "0.0006",
    "FILE": "a-file",
    "FOLDER": "sample/chains",
    "ID": "p-entry-20260105T140000Z",
    "KEY": "limits.contracts_max",
    "LEG=ETH": "ETH-16JAN26-2800-P=0.0105",
    "N": "1",
    "POSITION": "p-entry-20260105T140000Z",
    "SEQ:HASH": f"1:{HASH}",
    "TIME": "2026-01-05T14:00:00Z",
    "USD": "2500",
}
"""What a page leaves open, and an example of it. `$CHAINS` is the shell's."""
CODE = re.compile(r"`([^`]*)`", re.DOTALL)
SHOWN = re.compile(r"^(?:```.*?^```|(?: {4}.*\n)+)", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"(?<![\w/.])run\.py\b([^\n;|&`()]*)")
SHOWN_COMMAND = re.compile(r"""(?<![\w/.])run\.py\b((?:"[^"\n]*"|'[^'\n]*'|[^\n;|&`()"'])*)""")
"""Where it stands as code, what is in quotes belongs to it, whatever that is."""
CONTINUED = re.compile(r"( ?)\\\n *")
LEFT_OUT = re.compile(r"\s…(?=\s|$)")
"""An ellipsis that stands for more of the same; between quotes it stands for a text."""


class Documented(NamedTuple):
    """One command: `path` is its name, with the group's before it; `rest` what it is given."""

    page: str
    path: tuple[str, ...]
    rest: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join(("run.py", *self.path, *self.rest))


def commands() -> list[Documented]:
    """Every command of every page, each once a page."""
    typed = (
        each for page in PAGES for each in in_text(page.relative_to(ROOT).as_posix(), page.read_text("utf-8"))
    )
    return list(dict.fromkeys(typed))


def in_text(page: str, text: str) -> Iterator[Documented]:
    """Commands that are shown as code are whole; in running text the name is, with the options after it."""
    shown = list(SHOWN.finditer(text))
    for block in shown:
        lines = CONTINUED.sub(r"\1", block[0])
        for typed in SHOWN_COMMAND.findall(re.sub(r"(?<=\S) {2,}\S.*", "", lines)):
            yield parsed(page, typed)
    text = SHOWN.sub("", text)
    for span in CODE.findall(text):
        words = " ".join(span.split())
        if "run.py " in words:
            for typed in TYPED.findall(words):
                yield parsed(page, typed)
    for typed in TYPED.findall(CODE.sub("", text)):
        yield named(page, typed)


def parsed(page: str, typed: str) -> Documented:
    """A command as it is typed, with an example for each thing that is left open."""
    words = shlex.split(LEFT_OUT.sub("", f" {typed} "))
    path, rest = _split(words)
    return Documented(page, path, tuple(example(word) for word in rest))


def named(page: str, typed: str) -> Documented:
    """A command within a sentence: its name, and the options that follow at once."""
    words = re.findall(r"\"[^\"]*\"|[^\s,.:]+(?::[^\s,.:]+)?", typed)
    path, rest = _split([word.strip('"') for word in words])
    options: list[str] = []
    for word in rest:
        if not (word.startswith("--") or word == "…" or word in PLACEHOLDERS):
            break
        options.append(example(word))
    return Documented(page, path, tuple(options))


def example(word: str) -> str:
    return PLACEHOLDERS.get(word.removeprefix("$"), word.replace("UTC", "20260105T140000Z"))


def _split(words: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    length = 2 if words and words[0] in GROUPS and len(words) > 1 and not words[1].startswith("-") else 1
    return tuple(words[:length]), tuple(words[length:])


@cache
def root() -> tuple[Any, Any]:
    """The whole command line, and a context to read commands in."""
    command: Any = typer.main.get_command(app)
    return command, command.make_context("run.py", [], resilient_parsing=True)


@cache
def found(path: tuple[str, ...]) -> Any:
    """The command or group of that name, or None."""
    if not path:
        return root()[0]
    group = found(path[:-1])
    return group.get_command(root()[1], path[-1]) if hasattr(group, "get_command") else None


def problem(documented: Documented) -> str | None:
    """Why the command line can't be read as one, or None if it can."""
    for length, name in enumerate(documented.path, start=1):
        if found(documented.path[:length]) is None:
            return f"no command {name!r}"
    if not documented.rest:
        return None  # Its name is mentioned.
    try:
        found(documented.path).make_context(documented.path[-1], list(documented.rest), parent=root()[1])
    except typer.Exit:
        return None  # --help, which ends there.
    except Exception as error:
        return f"{type(error).__name__}: {getattr(error, 'message', error)}"
    return None


def leaf_paths() -> set[tuple[str, ...]]:
    """Every command that there is."""
    below = {(name, each) for name in GROUPS for each in found((name,)).list_commands(root()[1])}
    return {(name,) for name in COMMANDS} | below
