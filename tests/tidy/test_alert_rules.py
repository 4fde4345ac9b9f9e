"""Each alert rule is raised by what it is about, and none by a healthy engine, as Prometheus sees it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from reading.metrics.table import TABLE
from tests.tidy.test_metrics import MONITORING, rules

EVERY_MIN = 10
"""The step of the invented series, in minutes."""
A_DAY = 24 * 60 // EVERY_MIN
HEALTHY = {
    "up": "1",
    "cerbero_bite_up": "1",
    "cerbero_bite_lock_held": "1",
    "cerbero_bite_books_readable": "1",
    'cerbero_bite_verdict{level="ACT"}': "0",
    'cerbero_bite_positions{state="open"}': "1",
    'cerbero_bite_actor_up{actor="state"}': "1",
    'cerbero_bite_actor_restarts_total{actor="state"}': "3",
    'cerbero_bite_actor_mailbox_depth{actor="state"}': "2",
    "cerbero_bite_dead_letters_total": "7",
    'cerbero_bite_job_due_in_seconds{job_name="entry"}': "300",
    "cerbero_bite_kill_switch_armed": "0",
    "cerbero_bite_exits_blocked": "0",
    "cerbero_bite_open_contracts": "2",
    'cerbero_bite_entries_suspended{source="other"}': "0",
    'cerbero_bite_entries_latched{source="pause"}': "0",
    "cerbero_bite_monitor_failures_in_a_row": "0",
    "cerbero_bite_margin_use_ratio": "0.1",
    'cerbero_bite_orders{state="unknown"}': "0",
    "cerbero_bite_reconciled": "1",
    "cerbero_bite_market_data_age_seconds": "600",
    'cerbero_bite_router_up{router="deribit"}': "1",
    "cerbero_bite_venue_clock_offset_seconds": "-0.2",
    'cerbero_bite_alerts_total{severity="CRITICAL"}': "4",
    "cerbero_bite_alert_channels_failing": "0",
    "cerbero_bite_alerts_unrecorded": "0",
    "cerbero_bite_audit_ok": "1",
    "cerbero_bite_backup_age_seconds": "1800",
    "cerbero_bite_disk_low": "0",
    "cerbero_bite_disk_free_bytes": "80e9",
    "cerbero_bite_books_wal_bytes": "8e6",
}


@dataclass(frozen=True)
class Case:
    """What differs from a healthy engine, as values of promtool, and what is raised after so long."""

    what: dict[str, str]
    raised: tuple[str, ...]
    after_min: int = 180


def alone(rule: str, series: str, values: str, after_min: int = 180) -> Case:
    return Case({series: values}, (rule,), after_min)


DYING = f"80e9-8e7x{A_DAY}"
"""Eighty MB less in every step: empty in a week."""
CASES = (
    Case({}, (), 21 * 60),
    alone("CerberoBiteMetricsGone", "up", "0"),
    Case({"cerbero_bite_up": "0"}, ("CerberoBiteDead", "CerberoBiteDeadWithPositions")),
    Case(
        {"cerbero_bite_up": "0", 'cerbero_bite_positions{state="open"}': "0"},
        ("CerberoBiteDead",),
    ),
    alone("CerberoBiteActNow", 'cerbero_bite_verdict{level="ACT"}', "1"),
    alone("CerberoBiteActorDown", 'cerbero_bite_actor_up{actor="state"}', "0"),
    alone("CerberoBiteActorRestarts", 'cerbero_bite_actor_restarts_total{actor="state"}', "0+1x40"),
    alone("CerberoBiteMailboxFills", 'cerbero_bite_actor_mailbox_depth{actor="state"}', "101"),
    alone("CerberoBiteDeadLetters", "cerbero_bite_dead_letters_total", "0+1x40"),
    alone("CerberoBiteJobOverdue", 'cerbero_bite_job_due_in_seconds{job_name="entry"}', "-901"),
    alone("CerberoBiteArmed", "cerbero_bite_kill_switch_armed", "1"),
    alone("CerberoBiteExitsBlocked", "cerbero_bite_exits_blocked", "1"),
    alone("CerberoBiteEntriesSuspended", 'cerbero_bite_entries_suspended{source="other"}', "1"),
    alone("CerberoBiteEntriesLatched", 'cerbero_bite_entries_latched{source="pause"}', "1"),
    alone("CerberoBiteMonitorFails", "cerbero_bite_monitor_failures_in_a_row", "2"),
    alone("CerberoBiteMarginHigh", "cerbero_bite_margin_use_ratio", "0.51"),
    alone("CerberoBiteOrderInDoubt", 'cerbero_bite_orders{state="unknown"}', "1"),
    alone("CerberoBiteNotReconciled", "cerbero_bite_reconciled", "0"),
    alone("CerberoBiteMarketDataOld", "cerbero_bite_market_data_age_seconds", "3601"),
    alone("CerberoBiteRouterDown", 'cerbero_bite_router_up{router="deribit"}', "0"),
    alone("CerberoBiteClockDiffers", "cerbero_bite_venue_clock_offset_seconds", "-1.5"),
    alone("CerberoBiteCriticalAlert", 'cerbero_bite_alerts_total{severity="CRITICAL"}', "0+1x40"),
    alone("CerberoBiteAlertsNotDelivered", "cerbero_bite_alert_channels_failing", "1"),
    alone("CerberoBiteAlertsNotDelivered", "cerbero_bite_alerts_unrecorded", "1"),
    alone("CerberoBiteAuditBroken", "cerbero_bite_audit_ok", "0"),
    alone("CerberoBiteBooksUnreadable", "cerbero_bite_books_readable", "0"),
    alone("CerberoBiteBackupOld", "cerbero_bite_backup_age_seconds", "10801"),
    alone("CerberoBiteDiskFills", "cerbero_bite_disk_low", "1"),
    alone("CerberoBiteDiskFills", "cerbero_bite_disk_free_bytes", "1.9e9"),
    alone("CerberoBiteDiskFills", "cerbero_bite_disk_free_bytes", DYING, 21 * 60),
    # An update of the machine in the first hour of Prometheus, whose line leads to a full disk.
    Case({"cerbero_bite_disk_free_bytes": "80e9-1e9x5 75e9x40"}, ()),
    alone("CerberoBiteJournalGrows", "cerbero_bite_books_wal_bytes", "1.1e8"),
    # Nothing is known.
    Case(dict.fromkeys(HEALTHY.keys() - {"up"}, f"_x{A_DAY}"), ()),
)


def series(engine: int, name: str, values: str) -> dict[str, str]:
    """As promtool reads it; one value stands for all times."""
    bare, _, label = name.partition("{")
    labels = ",".join(filter(None, (label.removesuffix("}"), f'job="cerbero-bite",instance="{engine}"')))
    return {"series": f"{bare}{{{labels}}}", "values": values if "x" in values else f"{values}x{A_DAY}"}


def promtool_test() -> dict[str, Any]:
    """Every case is an engine of its own, beside the others under one Prometheus."""
    expected: dict[int, list[dict[str, Any]]] = {case.after_min: [] for case in CASES}
    for engine, case in enumerate(CASES):
        expected[case.after_min] += [
            {"labels": f'{{alertname="{name}",instance="{engine}"}}', "value": 1} for name in case.raised
        ]
    return {
        "interval": f"{EVERY_MIN}m",
        "input_series": [
            series(engine, name, values)
            for engine, case in enumerate(CASES)
            for name, values in (HEALTHY | case.what).items()
        ],
        "promql_expr_test": [
            {
                "expr": f'count by (alertname, instance) (ALERTS{{alertstate="firing",instance=~"{of}"}})',
                "eval_time": f"{after_min}m",
                "exp_samples": samples,
            }
            for after_min, samples in expected.items()
            for of in ["|".join(str(at) for at, case in enumerate(CASES) if case.after_min == after_min)]
        ],
    }


def test_every_rule_has_a_case_and_every_series_of_a_case_exists() -> None:
    assert {name for case in CASES for name in case.raised} == {rule["alert"] for rule in rules()}
    assert HEALTHY.keys() >= {name for case in CASES for name in case.what}
    known = {made.name: made for made in TABLE}
    for name in HEALTHY.keys() - {"up"}:
        bare, _, label = name.partition("{")
        assert bare in known
        found = known[bare].label
        assert (label.partition("=")[0] or None) == (None if found is None else found.name)


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool (Debian: prometheus) is not on this machine")
    return found


def ran(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(list(map(str, arguments)), capture_output=True, encoding="utf-8", check=False)
    return done.returncode, done.stdout + done.stderr


def test_prometheus_finds_no_fault_in_its_files(promtool: str) -> None:
    code, said = ran(promtool, "check", "config", MONITORING / "prometheus" / "prometheus.yml")
    assert code == 0, said


def test_prometheus_raises_each_alert_when_it_should(promtool: str, tmp_path: Path) -> None:
    document = {
        "rule_files": [str(MONITORING / "prometheus" / "alerts.yml")],
        "evaluation_interval": f"{EVERY_MIN}m",
        "tests": [promtool_test()],
    }
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump(document), "utf-8")
    code, said = ran(promtool, "test", "rules", file)
    assert code == 0, said
