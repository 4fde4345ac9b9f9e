"""What a person should know, how urgent it is, and what to type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from core.messages.arm_cause import ArmCause
from core.named_commands import typeable
from core.values import Value

DAMAGED: Final = "docs/runbook.md, 'The books are damaged'"
BY_A_PERSON: Final = frozenset({ArmCause.OPERATOR, ArmCause.KILL_FILE})


class Urgency(StrEnum):
    """OK: nothing to do. LOOK: when there is time. ACT: now."""

    OK = "OK"
    LOOK = "LOOK"
    ACT = "ACT"

    @property
    def rank(self) -> int:
        return list(Urgency).index(self)


class Finding(Value):
    """One thing that a person should know; `code` is stable."""

    level: Urgency
    code: str
    text: str


class Verdict(Value):
    """The level is that of the gravest finding; `findings` has the gravest first, and one that says OK."""

    level: Urgency
    findings: tuple[Finding, ...]

    @property
    def text(self) -> str:
        """The gravest finding, and how many more there are."""
        more = len(self.findings) - 1
        return self.findings[0].text + (f" (and {more} more)" if more else "")


def verdict_of(findings: Iterable[Finding], otherwise: str) -> Verdict:
    """The verdict that these findings make; without any it is OK, and `otherwise` says why."""
    ordered = sorted(findings, key=lambda finding: -finding.level.rank)
    ordered = ordered or [Finding(level=Urgency.OK, code="ok", text=otherwise)]
    return Verdict(level=ordered[0].level, findings=tuple(ordered))


def placed(folder: str, *findings: Finding) -> Iterator[Finding]:
    """The findings, with the engine's data folder in the commands that they name."""
    for finding in findings:
        yield finding.model_copy(update={"text": typeable(finding.text, folder)})


def act(code: str, text: str) -> Finding:
    return Finding(level=Urgency.ACT, code=code, text=text)


def look(code: str, text: str) -> Finding:
    return Finding(level=Urgency.LOOK, code=code, text=text)
