"""The live terminal view: the whole engine on one screen, drawn from its status."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from actors.runtime import Envelope
from cli.views.output import cell, eth_text, shown, time_text, usd_text
from cli.views.status_page import book_line, kill_switch_text
from core.messages.alerting import Severity
from core.messages.base import Query
from core.messages.control import CellView, EngineStatus
from core.messages.mcp import RouterProbed
from reading.valuation import in_usd, open_pnl_eth

MESSAGES_SHOWN = 8
ALERTS_SHOWN = 4
_STATE_STYLES = {"up": "green", "parked": "bold red", "stopped": "red"}
_SEVERITY_STYLES = {
    Severity.LOW: "dim",
    Severity.MEDIUM: "yellow",
    Severity.HIGH: "bold red",
    Severity.CRITICAL: "bold white on red",
}


class LiveView:
    """Use as a context manager on a terminal; `draw` replaces the whole picture."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, screen=False, auto_refresh=False, transient=True)

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def draw(self, picture: RenderableType) -> None:
        self._live.update(picture, refresh=True)


def picture(status: EngineStatus, envelopes: Sequence[Envelope]) -> RenderableType:
    """One screen: head, actors beside jobs, positions, last messages, alerts."""
    upper = Table.grid(expand=True, padding=(0, 1))
    upper.add_column(ratio=3)
    upper.add_column(ratio=2)
    upper.add_row(_actors(status.cells), Group(_jobs(status), _alerts(status)))
    return Group(_head(status), upper, _positions(status), _messages(envelopes))


def save_svg(status: EngineStatus, envelopes: Sequence[Envelope], path: Path, width: int = 118) -> None:
    """Save the same screen as a drawing, and as text beside it, for the documentation."""
    with path.with_suffix(".txt").open("w", encoding="utf-8") as text:
        console = Console(record=True, width=width, file=text, force_terminal=False)
        console.print(picture(status, envelopes))
    console.save_svg(str(path), title="run.py paper")


def _head(status: EngineStatus) -> Panel:
    market = status.market
    line = Text()
    line.append(time_text(status.at), style="bold")
    line.append(f"   mode {status.identity.mode}")
    if market is not None and market.spot_usd is not None:
        line.append(f"   ETH {market.spot_usd:,.2f} USD")
    if market is not None and market.dvol is not None:
        line.append(f"   DVOL {market.dvol:.1f}")
    switch = kill_switch_text(status.kill_switch)
    line.append("\nkill switch ", style="")
    line.append(shown(switch), style="green" if switch == "clear" else "bold red")
    if status.audit is not None:
        line.append(f"   audit {status.audit.records} records ")
        line.append(
            "whole" if status.audit.ok else "BROKEN", style="green" if status.audit.ok else "bold red"
        )
    line.append(f"   dead letters {status.dead_letters}")
    return Panel(line, title="Cerbero Bite", title_align="left")


def _actors(cells: Sequence[CellView]) -> Table:
    table = Table(box=None, pad_edge=False, expand=True, header_style="bold")
    for name in ("actor", "state", "restarts", "mailbox"):
        table.add_column(name, justify="left" if name in ("actor", "state") else "right")
    table.add_column("busy with", ratio=1, no_wrap=True)
    for actor in cells:
        table.add_row(
            cell(actor.name),
            Text(shown(actor.state), style=_STATE_STYLES.get(actor.state, "yellow")),
            str(actor.restarts),
            str(actor.mailbox_depth),
            cell(actor.busy_with or ""),
        )
    return table


def _jobs(status: EngineStatus) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("next job")
    table.add_column("at")
    for job, at in sorted(status.next_runs.items(), key=lambda run: run[1]):
        table.add_row(job.value, time_text(at))
    return table


def _positions(status: EngineStatus) -> Panel:
    table = Table(box=None, pad_edge=False, expand=True, header_style="bold")
    for name in ("position", "kind", "state", "contracts", "entered"):
        table.add_column(name)
    for name in ("credit ETH", "P&L ETH", "P&L USD"):
        table.add_column(name, justify="right")
    for position in status.positions:
        eth = open_pnl_eth(position, status.market)
        table.add_row(
            cell(position.position_id),
            position.kind.value,
            position.state.value,
            str(position.contracts),
            time_text(position.entered_at),
            eth_text(position.credit_eth),
            _coloured(eth, None if eth is None else eth_text(eth)),
            _coloured(eth, None if (usd := in_usd(eth, status.market)) is None else usd_text(usd)),
        )
    if not status.positions:
        return Panel(Text("no open positions", style="dim"), title="Positions", title_align="left")
    body = Group(table, Text(book_line(status.positions, status.market), style="dim"))
    return Panel(body, title="Positions", title_align="left")


def _coloured(amount: Decimal | None, text: str | None) -> Text:
    if amount is None or text is None:
        return Text("-")
    return Text(text, style="green" if amount >= 0 else "red")


def _alerts(status: EngineStatus) -> RenderableType:
    recent = status.alerting.recent[-ALERTS_SHOWN:] if status.alerting is not None else ()
    lines = Text("\nalerts\n", style="bold")
    if not recent:
        lines.append("none\n", style="dim")
    for alert in reversed(recent):
        lines.append(shown(f"{alert.severity} {alert.code} "), style=_SEVERITY_STYLES[alert.severity])
        lines.append(shown(alert.text) + "\n", style="")
    lines.no_wrap = True
    lines.overflow = "ellipsis"
    return lines


def _messages(envelopes: Sequence[Envelope]) -> Panel:
    table = Table(box=None, pad_edge=False, expand=True, show_header=False)
    table.add_column("at", no_wrap=True)
    table.add_column("way", no_wrap=True)
    table.add_column("message", no_wrap=True, ratio=1)
    # Queries and probes are left out: most queries are those of this view itself.
    told = [envelope for envelope in envelopes if not isinstance(envelope.message, Query | RouterProbed)]
    for envelope in told[-MESSAGES_SHOWN:]:
        sender = "outside" if envelope.sender is None else envelope.sender.name
        table.add_row(
            f"{envelope.sent_at:%m-%d %H:%M:%S}",
            cell(f"{sender} → {envelope.to.name}"),
            type(envelope.message).__name__,
        )
    return Panel(table, title="Last messages", title_align="left")
