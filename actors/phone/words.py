"""What a person may type, and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TEXT_LENGTH_MAX = 300
"""Of what is read of a text."""


class ChatCommand(StrEnum):
    """The commands, as they are typed behind a slash."""

    STATUS = "status"
    POSITIONS = "positions"
    PROFIT = "profit"
    WHY = "why"
    NEXT = "next"
    ALERTS = "alerts"
    HELP = "help"
    ARM = "arm"
    PAUSE = "pause"
    CLOSE = "close"


ACTS: Final = frozenset({ChatCommand.ARM, ChatCommand.PAUSE, ChatCommand.CLOSE})
"""Those that change something."""
HELP: Final = {
    ChatCommand.STATUS: "is all well, and what is to be done",
    ChatCommand.POSITIONS: "what is open",
    ChatCommand.PROFIT: "what trading brought",
    ChatCommand.WHY: "why the last entry cycle ended as it did",
    ChatCommand.NEXT: "the next runs",
    ChatCommand.ALERTS: "the last alerts",
    ChatCommand.ARM: "stop: no entry leaves any more (disarming needs the machine)",
    ChatCommand.PAUSE: "no new entries until they are resumed on the machine",
    ChatCommand.CLOSE: "ID CODE: close a position, with a code of the authenticator app",
}


@dataclass(frozen=True)
class Typed:
    """A command with what stood behind it; `word` is None for anything else."""

    word: ChatCommand | None
    rest: tuple[str, ...]


def typed(text: str) -> Typed:
    """What a text asks for. Case does not matter, nor the bot's name behind the command, nor a sign such as
    `!`, nor the slash of `arm`: nobody is to be misunderstood who wants to stop."""
    first, *rest = text[:TEXT_LENGTH_MAX].split() or [""]
    name = first.lower().partition("@")[0].rstrip(".,:;!?")
    known = {f"/{word.value}": word for word in ChatCommand} | {
        "/start": ChatCommand.HELP,
        ChatCommand.ARM.value: ChatCommand.ARM,
    }
    return Typed(known.get(name), tuple(rest))
