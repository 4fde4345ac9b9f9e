"""The engine's status as a page of text."""

from __future__ import annotations

from collections.abc import Iterable

from cli.views.output import eth_text, show_fields, show_table, time_text, usd_text
from cli.views.say import say
from core.messages.alerting import ChannelStatus
from core.messages.control import EngineStatus
from core.messages.kill_switch import KillSwitchStatus
from core.messages.market_data import Marks
from core.orders.books import Position
from reading.valuation import book_value, in_usd, open_pnl_eth


def show_status(status: EngineStatus) -> None:
    """Everything that `status` says without `--json`."""
    identity = status.identity
    show_fields(
        [
            ("market time", time_text(status.at)),
            ("running since", f"{time_text(identity.started_at)} (pid {identity.pid})"),
            ("version", identity.version),
            ("mode", identity.mode),
            ("strategy", f"{identity.strategy_name} {identity.strategy_hash[:12]}"),
            ("overrides", ", ".join(identity.overrides) or "none"),
            ("kill switch", kill_switch_text(status.kill_switch)),
            ("recovery", _recovery_text(status)),
            ("audit", _audit_text(status)),
            ("market data", _market_text(status)),
            ("venue", _routers_text(status)),
            ("disk, backup", _keeping_text(status)),
            ("alerts", _alerts_text(status)),
            ("dead letters", str(status.dead_letters)),
        ]
    )
    for room, why in status.unavailable.items():
        say(f"no answer from {room}: {why}")
    say("")
    show_table(
        ("actor", "state", "restarts", "mailbox", "refused", "busy with", "last error"),
        (
            (
                cell.name,
                cell.state,
                str(cell.restarts),
                str(cell.mailbox_depth),
                str(cell.overflowed),
                f"{cell.busy_with} {cell.busy_for_s:.1f} s" if cell.busy_with else "",
                cell.last_error or "",
            )
            for cell in status.cells
        ),
        empty="no actors",
    )
    say("")
    show_table(
        ("position", "kind", "state", "contracts", "entered", "P&L ETH", "P&L USD"),
        (
            (
                position.position_id,
                position.kind.value,
                position.state.value,
                str(position.contracts),
                time_text(position.entered_at),
                "-" if (eth := open_pnl_eth(position, status.market)) is None else eth_text(eth),
                "-" if (usd := in_usd(eth, status.market)) is None else usd_text(usd),
            )
            for position in status.positions
        ),
        empty="no open positions",
    )
    if status.positions:
        say(book_line(status.positions, status.market))
    say("")
    show_table(
        ("job", "next run"),
        ((job.value, time_text(at)) for job, at in sorted(status.next_runs.items(), key=lambda run: run[1])),
        empty="no jobs planned",
    )


def kill_switch_text(switch: KillSwitchStatus | None) -> str:
    """Armed, suspended or clear, with the reasons."""
    if switch is None:
        return "no answer"
    if switch.armed:
        causes = ", ".join(cause.value for cause in switch.causes)
        exits = "exits blocked" if switch.exits_blocked else "reduce-only exits allowed"
        return f"ARMED ({causes}) since {time_text(switch.since)} by {switch.who}: {switch.reason}; {exits}"
    if switch.suspensions:
        return "entries suspended: " + "; ".join(
            f"{by}: {why}" for by, why in sorted(switch.suspensions.items())
        )
    return "clear"


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
    if status.recovery.ok:
        return f"done at {time_text(status.recovery.at)}"
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
    head = f"{status.audit.records} records, head {status.audit.head.seq}:{status.audit.head.hash[:12]}"
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
    return "; ".join(texts or ["to the log alone"])


def _failing(channel: ChannelStatus) -> str:
    """Since when nothing was taken; an error that is over is told as such."""
    if channel.failing_since is None:
        return _error(channel.last_error)
    return f", DEAD since {time_text(channel.failing_since)}: {channel.last_error}"


def _parked(channel: ChannelStatus) -> str:
    return f", refused for good: {', '.join(channel.parked)}" if channel.parked else ""


def _error(error: str | None) -> str:
    return f", last error: {error}" if error else ""
