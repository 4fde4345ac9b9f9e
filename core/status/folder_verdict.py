"""The verdict on a data folder whose engine does not answer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from core.how_many import how_many
from core.messages.arm_cause import ArmCause
from core.status.finding import BY_A_PERSON, DAMAGED, Finding, Verdict, act, look, placed, verdict_of

UNREAD: Final = "the books can't be read"


def verdict_without_engine(
    *,
    why: str,
    silent_pid: int | str | None,
    refuses: bool = False,
    unknown: bool = False,
    is_paper: bool,
    open_positions: int | None,
    armed_by: Collection[ArmCause] | None,
    damage: str | None,
    has_log: bool,
    data_dir: str,
    lost: str | None = None,
    log_damage: str | None = None,
) -> Verdict:
    """What a folder says whose engine does not answer.

    `silent_pid` is that of an engine that holds the folder, or a word for it; None if none does. `refuses` if
    it has said why it does not answer, or is not trusted. `unknown` if nobody can say whether one does.
    `is_paper`: a paper run keeps it, and no engine starts there. `open_positions` is None if it has no books,
    `armed_by` if its switch is not armed. `lost` says what the log holds and the books do not, `log_damage`
    what else is wrong with its end.
    """
    findings = []
    if open_positions is None and has_log and damage is None:
        text = f"the books (cerbero.db) are not there, and their log is: nobody knows what is open: {DAMAGED}"
        findings.append(act("books_missing", text))
    if lost is not None:
        text = f"the books are older than their log ({lost}), what they say is open may not be so: {DAMAGED}"
        findings.append(act("books_older", text))
        open_positions = open_positions or None
    if log_damage is not None:
        text = f"the audit log is damaged or can't be read ({log_damage}): run.py audit verify"
        findings.append(act("audit_broken", text))
    if damage is not None:
        # Who could not read them has said so, too.
        text = f"{UNREAD}: {damage.replace(f'{UNREAD}: ', '')}: {DAMAGED}"
        findings.append(act("books_damaged", text))
    if unknown:
        text = f"{why}; whether an engine runs there is not known: look at what lies there, and remove it"
        findings.append(act("engine_unknown", text))
    elif silent_pid is not None and refuses:
        findings.append(_refusing(why, silent_pid))
    elif silent_pid is not None:
        findings.append(_silent(why, silent_pid, open_positions))
    elif is_paper:
        findings.append(look("paper_folder", f"{why}, which a paper run keeps: run.py report"))
    elif open_positions:
        held = how_many(open_positions, "position")
        text = f"{why}, and nobody watches {held} in its books: run.py start"
        findings.append(act("engine_dead", text))
    else:
        text = f"{why}; no position is open there" if open_positions == 0 else why
        findings.append(look("engine_dead", f"{text}: run.py start"))
    if armed_by is not None:
        causes = ", ".join(cause.value for cause in armed_by)
        text = f"the kill switch is armed there ({causes}): run.py kill-switch status"
        findings.append((look if BY_A_PERSON.issuperset(armed_by) else act)("armed", text))
    return verdict_of(placed(data_dir, *findings), "")


def _refusing(why: str, pid: int | str) -> Finding:
    """An engine that is there and may be as healthy as ever: ending it would leave what is open alone."""
    then = "look again in a minute, as the engine's own user; then docs/runbook.md, 'The engine refuses'"
    return look("engine_refuses", f"{why}; the engine (pid {pid}) runs, and how it is was not told: {then}")


def _silent(why: str, pid: int | str, open_positions: int | None) -> Finding:
    """An engine that is there and says nothing. It is not known whether it still watches what is open."""
    held = ""
    if open_positions:
        held = f", and perhaps nobody watches {how_many(open_positions, 'position')} in its books"
    then = f"look again in a minute; if it still says nothing: kill -KILL {pid}, then run.py start"
    return (act if open_positions else look)("engine_silent", f"{why}{held}: {then}")
