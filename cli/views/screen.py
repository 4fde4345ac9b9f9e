"""The engine on one screen, in the order in which a tired person needs it: first whether to do anything.

`status` prints all of it; the live view draws as much as fits, and what comes first here stays the longest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from cli.views.lines import Line, Span, packed, sentence
from cli.views.output import shown, time_text
from cli.views.position_lines import BAD, FAINT, GOOD, GRAVE, position_lines
from cli.views.switch_text import kill_switch_text
from core.how_many import how_many
from core.messages.alerting import Severity
from core.messages.engine_status import CellView, EngineStatus
from core.messages.room_status import AlertRow, KillSwitchStatus
from core.orders.books import Job
from core.orders.lifecycle import OrderState
from core.status.finding import Urgency, Verdict
from core.status.order_text import order_texts
from core.status.verdict import entry_blocked, position_views, verdict

LABEL = 13
"""Characters before what a label introduces."""
FINDINGS_SHOWN = 3
THIS_WEEK = timedelta(days=6)
"""Within it the day of the week says which day is meant."""
_LEVEL_STYLES = {Urgency.OK: "bold green", Urgency.LOOK: "bold yellow", Urgency.ACT: "bold white on red"}
SEVERITY_STYLES = {
    Severity.LOW: "dim",
    Severity.MEDIUM: "yellow",
    Severity.HIGH: "bold red",
    Severity.CRITICAL: "bold white on red",
}


def verdict_lines(found: Verdict, width: int, *, most: int = FINDINGS_SHOWN) -> list[Line]:
    """OK, LOOK or ACT, and why; at most `most` findings."""
    lines: list[Line] = []
    for finding in found.findings[:most]:
        part = sentence(shown(finding.text), width, label=finding.level, indent=6)
        first = (Span(f"{finding.level:<6}", _LEVEL_STYLES[finding.level]), *part[0][1:])
        lines += [first, *part[1:]]
    left = len(found.findings) - most
    if left > 0:
        lines += sentence(f"and {left} more: run.py status", width, indent=6)
    return lines


def head_lines(status: EngineStatus, width: int) -> list[Line]:
    """Where this runs and how the market stands."""
    identity, market = status.identity, status.market
    environment = identity.environment
    items = [Span(environment.upper(), "bold red" if environment == "mainnet" else "bold")]
    items.append(Span(f"mode {shown(identity.mode)}"))
    items.append(Span(time_text(status.at), "bold"))
    if market is not None and market.spot_usd is not None:
        items.append(Span(f"ETH {market.spot_usd:,.2f} USD"))
    if market is not None and market.dvol is not None:
        items.append(Span(f"DVOL {market.dvol:.1f}"))
    return packed(items, width)


def state_lines(status: EngineStatus, width: int) -> list[Line]:
    """Switch, entries and account: what may be done, and with what."""
    lines = packed([switch_span(status.kill_switch)], width, label="kill switch", indent=LABEL)
    lines += packed([_entries(status)], width, label="entries", indent=LABEL)
    return lines + packed(_account(status), width, label="account", indent=LABEL)


def positions_lines(status: EngineStatus, width: int) -> list[Line]:
    """Every live position, each in a few lines."""
    views = position_views(status)
    if not views:
        text = "no answer from the books" if "state" in status.unavailable else "none open"
        return packed([Span(text, FAINT)], width, label="positions", indent=LABEL)
    lines: list[Line] = []
    for view in views:
        told = order_texts(view.position.position_id, status.orders, status.identity.strategy.execution)
        lines += position_lines(view, width)
        lines += [line for text in told for line in sentence(text, width, indent=2, style="yellow")]
    return lines


def jobs_lines(status: EngineStatus, width: int) -> list[Line]:
    """What runs next, and when: the cycles first."""
    runs = sorted(status.next_runs.items(), key=lambda run: (not run[0].is_cycle, run[1]))
    items = [Span(f"{job.value} {_when(at, status.at)}") for job, at in runs]
    return packed(items or [Span("none planned", "yellow")], width, label="next", indent=LABEL)


def alerts_lines(status: EngineStatus, width: int, *, most: int) -> list[Line]:
    """The last alerts, the newest first; those of LOW, such as each day's audit head, only if alone."""
    recent: Sequence[AlertRow] = () if status.alerting is None else status.alerting.recent
    recent = [alert for alert in recent if alert.severity is not Severity.LOW] or recent
    if not recent or most <= 0:
        return packed([Span("none yet", FAINT)], width, label="last alert", indent=LABEL)
    lines: list[Line] = []
    for alert in list(reversed(recent))[:most]:
        label = "" if lines else "last alert"
        text = shown(f"{alert.severity} {_when(alert.at, status.at)} {alert.code}: {alert.text}")
        lines += sentence(text, width, label=label, indent=LABEL, style=SEVERITY_STYLES[alert.severity])
    return lines


def actors_lines(cells: Sequence[CellView], width: int, *, rows: int) -> list[Line]:
    """Who is not well first; then as many of the others as fit into `rows`, in columns."""
    if not cells or rows <= 0:
        return []
    columns = max(1, width // 40)
    ordered = sorted(cells, key=lambda cell: (cell.state == "up", not cell.restarts, cell.busy_with is None))
    room = rows * columns
    fitting = ordered if len(ordered) <= room else ordered[: room - 1]
    each = width // columns
    items = [_actor(cell, each - 2) for cell in fitting]
    if len(fitting) < len(ordered):
        rest = ordered[len(fitting) :]
        up = sum(cell.state == "up" for cell in rest)
        items.append(Span(f"and {len(rest)} more, {up} of them up"))
    height = -(-len(items) // columns)
    by_row = [items[row::height] for row in range(height)]
    return [
        tuple(
            Span(f"{span.text:<{each}}" if place < len(row) - 1 else span.text, span.style)
            for place, span in enumerate(row)
        )
        for row in by_row
    ]


def switch_span(switch: KillSwitchStatus | None) -> Span:
    """The switch in one phrase."""
    text = kill_switch_text(switch)
    return Span(shown(text), GOOD if text == "clear" else GRAVE)


def status_lines(status: EngineStatus, width: int, *, most: int = FINDINGS_SHOWN) -> list[Line]:
    """What `status` and the live view both begin with; at most `most` findings of the verdict."""
    return [
        *verdict_lines(verdict(status), width, most=most),
        *head_lines(status, width),
        *state_lines(status, width),
        *positions_lines(status, width),
    ]


def _entries(status: EngineStatus) -> Span:
    blocked = entry_blocked(status)
    entry = status.next_runs.get(Job.ENTRY)
    following = "" if entry is None else f"; next {_when(entry, status.at)}"
    if blocked:
        return Span(shown(f"blocked: {'; '.join(blocked)}{following}"), "yellow")
    return Span(f"nothing blocks one now{following}", GOOD)


def _account(status: EngineStatus) -> Iterable[Span]:
    """Equity, balance and margin at the venue, and the orders under way."""
    market = status.market
    account = None if market is None else market.account
    if account is None:
        yield Span("not read yet", FAINT)
    else:
        usd = (
            ""
            if market is None or market.spot_usd is None
            else (f" = {float(account.equity_eth) * market.spot_usd:,.2f} USD")
        )
        yield Span(f"equity {account.equity_eth:f} ETH{usd}")
        yield Span(f"balance {account.balance_eth:f} ETH")
        equity = float(account.equity_eth)
        if equity > 0.0:
            used = float(account.maintenance_margin_eth) / equity
            yield Span(f"margin {account.maintenance_margin_eth:f} ETH ({used:.1%})")
        yield Span(f"at {account.at:%H:%M}Z", FAINT)
    if status.orders:
        unknown = sum(order.state is OrderState.UNKNOWN for order in status.orders)
        doubt = f", {unknown} of unknown outcome" if unknown else ""
        yield Span(f"{how_many(len(status.orders), 'order')} under way{doubt}", BAD if unknown else "yellow")


def _actor(cell: CellView, width: int) -> Span:
    """One actor in a column; what does not fit is what it is busy with, which is gone in an instant."""
    restarts = f" {how_many(cell.restarts, 'restart')}" if cell.restarts else ""
    waiting = f" {cell.mailbox_depth} waiting" if cell.mailbox_depth else ""
    busy = f" {cell.busy_with}" if cell.busy_with else ""
    text = shown(f"{cell.name:<16}{cell.state}{restarts}{waiting}{busy}")
    return Span(text[:width], "" if cell.state == "up" else GRAVE)


def _when(at: datetime, now: datetime) -> str:
    """The time of day, with the day if it is another one."""
    if at.date() == now.date():
        return f"{at:%H:%M}Z"
    return f"{at:%a %H:%M}Z" if abs(at - now) < THIS_WEEK else f"{at:%a %d %b %H:%M}Z"
