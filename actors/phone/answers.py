"""What the phone is answered: a few short lines of plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from actors.phone.words import ACTS, HELP
from core.alerts import entry_of
from core.messages.alerting import Severity
from core.messages.engine_status import EngineStatus
from core.messages.kill_switch import KillSwitchArmed
from core.messages.room_status import AlertRow
from core.orders.books import CycleRow, Position
from core.statistics.digest import open_texts, so_far_text
from core.statistics.marked import total_pnl_usd
from core.status.order_text import order_texts
from core.status.position_view import PositionView
from core.status.verdict import entry_blocked, position_views, verdict
from core.text import visible
from core.totp import CodeState, CodeVerdict

ALERTS_SHOWN: Final = 5
LINE_LENGTH_MAX: Final = 300
REPLY_UNITS_MAX: Final = 4096
"""UTF-16 code units, of which an emoji has two."""


def reply_of(lines: Iterable[str]) -> str:
    """The lines as one message: each stays one line, holds nothing hidden, and is cut if it is long."""
    shown = [_cut(visible(line), LINE_LENGTH_MAX) for line in lines]
    return _cut_units("\n".join(shown), REPLY_UNITS_MAX)


def status_lines(status: EngineStatus) -> list[str]:
    """The verdict with its findings, the switch, and what is open."""
    found = verdict(status)
    switch = status.kill_switch
    armed = "unknown" if switch is None else "ARMED" if switch.armed else "not armed"
    return [
        found.level.value,
        *(f"- {finding.text}" for finding in found.findings),
        f"switch: {armed}",
        f"positions: {len(status.positions)}",
        f"at {_time(status.at)}",
    ]


def position_lines(status: EngineStatus) -> list[str]:
    """Every live position at the last marks."""
    views = position_views(status)
    if not views:
        return ["nothing is open"]
    execution = status.identity.strategy.execution
    return [
        line
        for view in views
        for line in (
            *_position(view),
            *order_texts(view.position.position_id, status.orders, execution),
        )
    ]


def next_lines(status: EngineStatus) -> list[str]:
    """When each cycle runs next, and what would keep an entry from being made now."""
    runs = [
        f"{job}: {_time(at)}"
        for job, at in sorted(status.next_runs.items(), key=lambda one: one[1])
        if job.is_cycle
    ]
    blocked = entry_blocked(status)
    return [*(runs or ["no run is planned"]), *(f"an entry is blocked: {why}" for why in blocked)]


def why_lines(cycle: CycleRow | None) -> list[str]:
    """How the last entry cycle ended."""
    if cycle is None:
        return ["there was no entry cycle yet"]
    outcome = "is under way" if cycle.outcome is None else f"ended {cycle.outcome}"
    return [
        f"the entry of {_time(cycle.slot)} {outcome}",
        *(f"- {reason}" for reason in cycle.reasons),
        f"more: run.py explain {cycle.cycle_id}",
    ]


def profit_lines(closed: Sequence[Position], status: EngineStatus | None) -> list[str]:
    """What the closed trades brought and what they prove, and what the open ones would bring at the last
    marks: the figures of the report. Without a status only the first is known."""
    lines = [so_far_text(closed)]
    if status is None:
        return [*lines, "what is open can't be read now"]
    market = status.market
    marks_eth = {} if market is None else {leg.instrument_name: leg.mark_eth for leg in market.legs}
    spot_usd = None if market is None else market.spot_usd
    lines += open_texts(status.positions, marks_eth, spot_usd)
    if any(position.contracts > 0 for position in status.positions):
        closed_usd = (position.pnl_usd for position in closed)
        total_usd = total_pnl_usd(closed_usd, status.positions, marks_eth, spot_usd)
        lines.append("together: unknown" if total_usd is None else f"together: {total_usd:+,.2f} USD")
    return lines


def alert_lines(recent: Sequence[AlertRow]) -> list[str]:
    """The last alerts that are more than a note, the newest first."""
    grave = [alert for alert in recent if alert.severity.rank > Severity.LOW.rank][-ALERTS_SHOWN:]
    if not grave:
        return ["no alert since the engine started"]
    return [f"{_time(alert.at)} {alert.severity} {_title(alert)}: {alert.text}" for alert in grave[::-1]]


def armed_lines(armed: KillSwitchArmed) -> list[str]:
    """That it is armed; said only when it is true."""
    exits = "no exit leaves either" if armed.exits_blocked else "reduce-only exits go on"
    lines = ["ARMED", f"no entry leaves any more; {exits}"]
    if armed.not_on_disk is not None:
        lines.append(f"only until a restart: KILL could not be written ({armed.not_on_disk})")
    return [*lines, 'disarm on the machine: run.py kill-switch disarm --reason "…"']


def help_lines(*, may_act: bool) -> list[str]:
    """The commands that are open to this chat."""
    return [f"/{word} {text}" for word, text in HELP.items() if may_act or word not in ACTS]


def code_lines(verdict: CodeVerdict, state: CodeState) -> list[str]:
    """Why a code was not taken."""
    match verdict:
        case CodeVerdict.USED:
            lines = ["this code was used before: wait for the next one"]
        case CodeVerdict.WRONG:
            lines = ["wrong code"]
        case _:
            lines = []
    if state.locked_until is not None:
        lines.append(f"no code is taken before {_time(state.locked_until)}; /arm always works")
    return lines


def _position(view: PositionView) -> list[str]:
    position = view.position
    pnl = "unknown" if view.pnl_usd is None else f"{view.pnl_usd:+,.2f} USD"
    distance = "" if view.short_distance_frac is None else f", spot {view.short_distance_frac:.1%} away"
    return [
        position.position_id,
        f"{position.plan.kind} x{position.contracts} {view.strikes}, {view.dte:.1f} days{distance}",
        f"P&L {pnl}, at worst -{view.worst_loss_usd:,.0f} USD",
        *(f"exit due: {view.due}" for _ in range(view.due is not None)),
    ]


def _title(alert: AlertRow) -> str:
    entry = entry_of(alert.code)
    return alert.code if entry is None else entry.title


def _time(at: datetime) -> str:
    return f"{at:%a %d %b %H:%M}Z"


def _cut(text: str, length_max: int) -> str:
    return text if len(text) <= length_max else f"{text[: length_max - 1]}…"


def _cut_units(text: str, units_max: int) -> str:
    encoded = text.encode("utf-16-le")
    if len(encoded) <= 2 * units_max:
        return text
    return f"{encoded[: 2 * units_max - 2].decode('utf-16-le', 'ignore')}…"
