"""What has to hold in every report of a run, whatever the market did: one checker for all tests that run."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.orders.books import CycleOutcome

LOUD = {"HIGH", "CRITICAL"}


def problems(report: dict[str, Any]) -> list[str]:
    """Everything in the report that can't be explained; empty if all is well."""
    return [
        *_outcomes(report),
        *_missing_slots(report),
        *_alerts(report),
        *_sums(report),
        *([] if report["audit"]["ok"] else [f"audit: {report['audit']['problem']}"]),
    ]


def _outcomes(report: dict[str, Any]) -> list[str]:
    known = {outcome.value for outcome in CycleOutcome}
    return [
        f"{cycle['id']}: outcome {cycle['outcome']!r} is not in the documented list"
        for cycle in report["cycles"]
        if cycle["outcome"] not in known
    ]


def _missing_slots(report: dict[str, Any]) -> list[str]:
    """Entry on Mondays 14:00, monitor at 00:00 and 12:00, settlement at 08:10, Kelly on the 1st at 00:30,
    the digest on Mondays at 06:30."""
    told = {(cycle["kind"], cycle["slot"]) for cycle in report["cycles"]}
    began, ended = (datetime.fromisoformat(report["run"][side]) for side in ("began", "ended"))
    due: list[tuple[str, datetime]] = []
    day = began.replace(hour=0, minute=0)
    while day <= ended:
        due += [("monitor", day), ("monitor", day + timedelta(hours=12))]
        due.append(("settlement", day + timedelta(hours=8, minutes=10)))
        if day.weekday() == 0:
            due.append(("entry", day + timedelta(hours=14)))
            due.append(("digest", day + timedelta(hours=6, minutes=30)))
        if day.day == 1:
            due.append(("kelly", day + timedelta(minutes=30)))
        day += timedelta(days=1)
    texts = [(kind, f"{slot:%Y-%m-%dT%H:%M:%SZ}") for kind, slot in due if began < slot < ended]
    return [f"no cycle for {kind} at {slot}" for kind, slot in texts if (kind, slot) not in told]


def _alerts(report: dict[str, Any]) -> list[str]:
    return [
        f"alert {alert['code']} of {alert['severity']} names no cause"
        for alert in report["alerts"]
        if alert["severity"] in LOUD and not alert["cause"]
    ]


def _sums(report: dict[str, Any]) -> list[str]:
    account = report["account"]
    change = Decimal(account["end"]["balance_eth"]) - Decimal(account["start"]["balance_eth"])
    booked = sum((Decimal(trade["pnl_eth"]) for trade in report["trades"]), Decimal(0))
    return [] if booked == change else [f"the books say {booked} ETH, the venue's balance moved {change}"]


def loud_alerts(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Alerts of HIGH and above."""
    return [alert for alert in report["alerts"] if alert["severity"] in LOUD]
