"""Commands in texts for a person, as they have to be typed for one engine: with its data folder, where that
is not the one that they take by themselves."""

from __future__ import annotations

import re
from typing import Final

DEFAULT_FOLDER: Final = "data"
"""The data folder that commands take unless one is named."""
ON_A_FOLDER: Final = (
    "start",
    "dry-run",
    "stop",
    "status",
    "top",
    "healthcheck",
    "metrics",
    "preflight",
    "ping",
    "pause",
    "resume",
    "close",
    "inject",
    "report",
    "logs",
    "trace",
    "explain",
    "page",
    "data export",
)
"""Commands that act on an engine's data folder, by `--data-dir`."""
GROUPS_ON_A_FOLDER: Final = ("alert", "audit", "kill-switch", "state")
"""Groups of such commands."""
_NAMED: Final = re.compile(
    rf"run\.py (?:(?:{'|'.join(GROUPS_ON_A_FOLDER)}) [a-z][a-z-]*|(?:{'|'.join(ON_A_FOLDER)}))(?![a-z-])"
    r"(?! --data-dir)(?P<rest>(?: --[a-z-]+(?:[ =](?:\"[^\"]*\"|[^\s\"-][^\s,;:)\"]*))?)*)"
)
_PLAIN: Final = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_INSIDE: Final = re.compile(rf"(--from(?:-audit)? ){DEFAULT_FOLDER}/(\S*)")


def typeable(text: str, folder: str) -> str:
    """The text, each command in it with the folder; as it is if `folder` is empty."""
    if not folder or "run.py " not in text:
        return text
    option = f" --data-dir {_quoted(folder)}"

    def inside(found: re.Match[str]) -> str:
        return found[1] + _quoted(f"{folder}/{found[2]}")

    def placed(found: re.Match[str]) -> str:
        rest = found["rest"]
        if "--data-dir" in rest:
            return found[0]
        named = found[0][: len(found[0]) - len(rest)]
        return f"{named}{option}{_INSIDE.sub(inside, rest)}"

    return _NAMED.sub(placed, text)


def _quoted(word: str) -> str:
    """The word as a shell takes it for one."""
    if _PLAIN.fullmatch(word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"
