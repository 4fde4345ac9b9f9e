"""The engine's status as a page of text."""

from __future__ import annotations

from collections.abc import Iterable

from cli.views.lines import Line, sentence
from cli.views.output import shown, time_text
from cli.views.painted import page_width, show_lines
from cli.views.results import results_text
from cli.views.screen import LABEL, actors_lines, alerts_lines, jobs_lines, status_lines
from cli.views.switch_text import kill_switch_text
from core.how_many import how_many
from core.messages.engine_status import EngineStatus
from core.messages.room_status import ChannelStatus, Marks
from core.orders.books import Position
from reading.valuation import book_value

FINDINGS_ALL = 1_000
"""This page is where the live view sends a person for the rest."""

__all__ = ["book_line", "kill_switch_text", "show_status", "status_page"]


def show_status(status: EngineStatus) -> None:
    """Everything that `status` says without `--json`."""
    show_lines(status_page(status, page_width()))


def status_page(status: EngineStatus, width: int) -> list[Line]:
    """The screen, and below it how the engine itself is."""
    lines = status_lines(status, width, most=FINDINGS_ALL)
    if status.positions:
        lines += sentence(book_line(status.positions, status.market), width, indent=2, style="dim")
    lines += jobs_lines(status, width)
    lines += alerts_lines(status, width, most=1)
    for label, text in _engine(status):
        lines += sentence(shown(text), width, label=label, indent=LABEL)
    troubled = [cell for cell in status.cells if cell.state != "up" or cell.restarts]
    return lines + actors_lines(troubled, width, rows=len(troubled))


def _engine(status: EngineStatus) -> Iterable[tuple[str, str]]:
    identity = status.identity
    up = sum(cell.state == "up" for cell in status.cells)
    yield (
        "engine",
        f"{up} of {len(status.cells)} actors up, {how_many(status.dead_letters, 'dead letter')}, "
        f"pid {identity.pid}, "
        f"since {identity.started_at:%d %b %H:%M}Z",
    )
    overrides = f", overrides {', '.join(identity.overrides)}" if identity.overrides else ""
    name = f"{identity.strategy_name} {identity.strategy_hash[:12]}"
    yield "strategy", f"{name}, version {identity.version}{overrides}"
    if status.recovery is None or not status.recovery.ok:
        yield "recovery", _recovery_text(status)
    yield "audit", _audit_text(status)
    yield "market data", _market_text(status)
    results = None if status.decision is None else status.decision.results
    if results is not None:
        yield "own results", results_text(results)
    yield "venue", _routers_text(status)
    yield "disk, backup", _keeping_text(status)
    yield "alerts", _alerts_text(status)


def book_line(positions: Iterable[Position], market: Marks | None) -> str:
    """P&L and greeks of all positions together, and how many of them could not be valued."""
    book = book_value(positions, market)
    return (
        f"book: P&L {book.pnl_eth:+.8f} ETH, "
        f"net delta {book.greeks.net_delta:+.3f} ETH, gamma {book.greeks.gamma_per_usd:+.6f}/USD, "
        f"vega {book.greeks.vega_usd_per_point:+.2f} USD/pt, "
        f"theta {book.greeks.theta_usd_per_day:+.2f} USD/day"
        + (f"; without {book.unmarked} of {book.positions}, not marked yet" if book.unmarked else "")
    )


def _recovery_text(status: EngineStatus) -> str:
    if status.recovery is None:
        return "not reported yet"
    return f"attempt {status.recovery.attempts} failed: {status.recovery.error or 'differences'}"


def _market_text(status: EngineStatus) -> str:
    market = status.market
    if market is None:
        return "no answer"
    text = f"seen at {time_text(market.as_of)}, {market.failures} failures since the start"
    if market.last_failure is not None:
        text = f"{text}, last: {market.last_failure}"
    return text if market.stale_reason is None else f"STALE: {market.stale_reason}; {text}"


def _routers_text(status: EngineStatus) -> str:
    """The routers that do not answer, or a line that says that all do."""
    health = status.health
    if health is None:
        return "no answer"
    if not health.routers:
        return "not probed yet"
    silent = [
        f"{router.router.value}: {'maintenance' if router.maintenance else router.error}"
        f" ({router.failures_in_a_row} in a row)"
        for router in health.routers
        if not router.ok
    ]
    if silent:
        return "NO ANSWER from " + "; ".join(silent)
    return f"all {len(health.routers)} routers answer, last probe {time_text(health.routers[-1].at)}"


def _keeping_text(status: EngineStatus) -> str:
    health = status.health
    if health is None:
        return "no answer"
    free = "-" if health.disk_free_bytes is None else f"{health.disk_free_bytes / 2**30:,.1f} GiB free"
    text = f"{'LOW: ' if health.disk_low else ''}{free}, last backup {time_text(health.last_backup_at)}"
    return text if health.last_backup_error is None else f"{text}, FAILED since: {health.last_backup_error}"


def _audit_text(status: EngineStatus) -> str:
    if status.audit is None:
        return "no answer"
    end = status.audit.head
    head = f"{how_many(status.audit.records, 'record')}, head {end.seq}:{end.hash[:12]}"
    return f"whole, {head}" if status.audit.ok else f"BROKEN: {status.audit.problem}; {head}"


def _alerts_text(status: EngineStatus) -> str:
    if status.alerting is None:
        return "no answer"
    alerting = status.alerting
    texts = [
        f"by {one.channel}, {one.delivered} delivered, {one.queued} waiting{_failing(one)}{_parked(one)}"
        for one in alerting.channels
    ]
    if alerting.unrecorded:
        texts.append(f"{alerting.unrecorded} not in the books{_error(alerting.last_error)}")
    texts = texts or ["to the log alone"]
    return "; ".join((*texts, *_heartbeat_texts(status)))


def _heartbeat_texts(status: EngineStatus) -> Iterable[str]:
    """The last beat in a few words; nothing where nothing beats."""
    beat = status.heartbeat
    if beat is None:
        return
    heard = f" not heard ({beat.problem})" if beat.problem else " at its URL" if beat.calls else ""
    well = "" if beat.well else " unwell"
    yield f"heartbeat {beat.at:%H:%M}Z{well}{heard}"


def _failing(channel: ChannelStatus) -> str:
    """Since when nothing was taken; an error that is over is told as such."""
    if channel.failing_since is None:
        return _error(channel.last_error)
    return f", DEAD since {time_text(channel.failing_since)}: {channel.last_error}"


def _parked(channel: ChannelStatus) -> str:
    return f", refused for good: {', '.join(channel.parked)}" if channel.parked else ""


def _error(error: str | None) -> str:
    return f", last error: {error}" if error else ""
