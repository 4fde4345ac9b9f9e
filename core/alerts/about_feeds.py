"""Alerts about the upstream host and what it says of the market."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.alerts.code import AlertCode
from core.alerts.entry import NOTHING_TO_DO, AlertEntry
from core.alerts.severity import Severity

FEEDS: Final[Mapping[AlertCode, AlertEntry]] = {
    AlertCode.PROBE_FAILED: AlertEntry(
        title="The upstream host does not answer",
        means="A router of the upstream host failed its probe. Entries are suspended while one other than "
        "deribit fails; three failures of deribit in a row arm the switch, which is told as armed:probes.",
        do="run.py ping says what is wrong and where to look.",
        over="Its end is told when the router answers again.",
        severities=(Severity.MEDIUM,),
        ends=AlertCode.PROBE_BACK,
    ),
    AlertCode.PROBE_BACK: AlertEntry(
        title="The upstream host answers again",
        means="A router answers its probe again, and no longer suspends entries.",
        do="run.py kill-switch status shows whether the switch was armed meanwhile.",
        over="It is the end of probe_failed.",
        severities=(Severity.LOW,),
    ),
    AlertCode.HOST_WARNS: AlertEntry(
        title="The upstream host warns",
        means="A router of the upstream host answers, and says on its health page what a person should know. "
        "Nothing is suspended because of it.",
        do="Read the warning, and do at the upstream host what it asks for: run.py ping shows all of them.",
        over="Its end is told when the router's health page holds no warning any more.",
        severities=(Severity.MEDIUM,),
        ends=AlertCode.HOST_WARNS_NO_MORE,
    ),
    AlertCode.HOST_WARNS_NO_MORE: AlertEntry(
        title="The upstream host warns no more",
        means="The health page of a router holds no warning any more.",
        do=NOTHING_TO_DO,
        over="It is the end of host_warns.",
        severities=(Severity.LOW,),
    ),
    AlertCode.MCP_AUTH: AlertEntry(
        title="The token is refused",
        means="The upstream host refuses the token. Nothing can be read or traded with it.",
        do="run.py ping shows it. Look at CERBERO_BITE_MCP_TOKEN, then restart. To close meanwhile, use the "
        "venue's own page.",
        over="It is told for each request that is refused.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.MCP_ANOMALY: AlertEntry(
        title="An answer makes no sense",
        means="An answer of the upstream host is not what the contract says. It was not used.",
        do="Look at the upstream host's version and log: run.py ping names the version.",
        over="It is told for each such answer.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.MCP_TOOL_NOT_FOUND: AlertEntry(
        title="The upstream host lacks a tool",
        means="The upstream host does not know a tool that the engine needs.",
        do="Look at the upstream host's version: run.py ping names it.",
        over="It is told for each request that fails.",
        severities=(Severity.HIGH,),
    ),
    AlertCode.MARKET_SNAPSHOT_FAILED: AlertEntry(
        title="A market snapshot failed",
        means="One snapshot of the market could not be read completely, so none was stored.",
        do="Nothing for one; if several fail in a row, market_data_lost follows.",
        over="The next snapshot, 15 minutes later, tries again.",
        severities=(Severity.LOW,),
    ),
    AlertCode.MARKET_DATA_LOST: AlertEntry(
        title="The market is not seen",
        means="Several snapshots in a row failed. Entries are suspended.",
        do="run.py ping shows whether the upstream host answers.",
        over="It is over with the next complete snapshot; its end is told.",
        severities=(Severity.HIGH,),
        ends=AlertCode.MARKET_DATA_BACK,
    ),
    AlertCode.MARKET_DATA_BACK: AlertEntry(
        title="The market is seen again",
        means="A snapshot was read completely, and no longer suspends entries.",
        do=NOTHING_TO_DO,
        over="It is the end of market_data_lost.",
        severities=(Severity.LOW,),
    ),
    AlertCode.RECORD_NOT_KEPT: AlertEntry(
        title="The market is not recorded",
        means="What was read of the market could not be added to the files in record/. Trading goes on; a "
        "backtest on this record will have a hole.",
        do="Look at the disk of the data folder: the alert says what it answered.",
        over="It is over with the next that is kept; its end is told.",
        severities=(Severity.MEDIUM,),
        ends=AlertCode.RECORD_KEPT,
    ),
    AlertCode.RECORD_KEPT: AlertEntry(
        title="The market is recorded again",
        means="What is read of the market is added to the files in record/ again.",
        do=NOTHING_TO_DO,
        over="It is the end of record_not_kept.",
        severities=(Severity.LOW,),
    ),
    AlertCode.RECORD_CUT: AlertEntry(
        title="A record's file was cut",
        means="A file in record/ did not end with what was written whole, as after a power cut. What was not "
        "whole stands in a file beside it that ends with .damaged, and recording went on.",
        do=NOTHING_TO_DO,
        over="It is told once for each file.",
        severities=(Severity.LOW,),
    ),
}
