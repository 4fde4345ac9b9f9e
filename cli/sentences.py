"""Lists of commands with a whole sentence of each, however narrow the terminal is."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


def first_sentence(text: str) -> str:
    """The first sentence of a help text, on one line."""
    words = " ".join(text.split("\n\n")[0].split())
    end = words.find(". ")
    return words if end < 0 else words[: end + 1]


class SentenceGroup(TyperGroup):
    """A group whose help wraps what its commands do; typer's own crops it with dots."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.sentence(ctx, name)) for name in self.list_commands(ctx)])

    def sentence(self, ctx: Any, name: str) -> str:
        """What the command does."""
        command = self.get_command(ctx, name)
        return first_sentence((command and command.help) or "")
