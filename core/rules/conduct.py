"""The rules that the rooms of an engine call, as values that the laboratory may put others in the place of.

Every engine that trades is made with `AS_IT_TRADES`: no setting and no variable leads to another. A backtest
gives another one to be held against a program that knows no fees, no gate or no maintenance window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.rules.entry.decision import EntryDecision, decide_entry
from core.rules.exit.decision import ExitDecision, Skipped, decide_exit
from core.rules.facts import EntryFacts, MonitorFacts
from core.rules.window import window_end
from core.strategy import Strategy


@dataclass(frozen=True)
class Conduct:
    """`window_end` is the end of the venue's maintenance window, if it is now."""

    decide_entry: Callable[[EntryFacts, Strategy], EntryDecision]
    decide_exit: Callable[[MonitorFacts, Strategy], ExitDecision | Skipped]
    window_end: Callable[[datetime], datetime | None]
    gated: bool
    """Whether the gate of the kill switch asks for the limits and for what suspends entries."""
    first_exit_step: int
    """Where an exit begins: 0 is the mid."""


AS_IT_TRADES: Final = Conduct(
    decide_entry=decide_entry,
    decide_exit=decide_exit,
    window_end=window_end,
    gated=True,
    first_exit_step=0,
)
