"""Which tables of the books follow from the audit log, with which columns, and why the others don't."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Cell = str | int | None
"""What a column holds: text, a whole number, or nothing."""
Row = dict[str, Cell]
"""One row by the names of its columns."""


@dataclass(frozen=True)
class ProvedTable:
    """A table that the fold recomputes. `key` is the column that names a row."""

    name: str
    key: str
    columns: tuple[str, ...]
    ordered: bool = True
    """The order in which the rows were inserted is part of the books."""
    only: tuple[str, frozenset[str]] | None = None
    """A column and its values: rows with another value are not in the log."""

    def proves(self, row: Mapping[str, Cell]) -> bool:
        """Whether the log holds what this row of the books says."""
        return self.only is None or row[self.only[0]] in self.only[1]


PROVED: tuple[ProvedTable, ...] = (
    ProvedTable("system", "key", ("key", "value", "at"), ordered=False),
    ProvedTable(
        "cycles", "cycle_id", ("cycle_id", "job", "slot", "opened_at", "closed_at", "outcome", "reasons")
    ),
    ProvedTable("decisions", "decision_id", ("decision_id", "cycle_id", "at", "record")),
    ProvedTable("proposals", "proposal_id", ("proposal_id", "cycle_id", "created_at", "plan")),
    ProvedTable("positions", "position_id", ("position_id", "state", "entered_at", "closed_at", "exit_rule")),
    ProvedTable(
        "instructions",
        "label",
        (
            "label",
            "proposal_id",
            "cycle_id",
            "kind",
            "attempt",
            "legs",
            "amount",
            "limit_eth",
            "reduce_only",
            "valid_until",
            "created_at",
            "exit_rule",
        ),
    ),
    ProvedTable(
        "orders",
        "label",
        (
            "label",
            "state",
            "order_id",
            "amount",
            "filled_amount",
            "limit_eth",
            "average_price_eth",
            "reason",
            "sent_at",
            "updated_at",
        ),
    ),
    ProvedTable("edits", "key", ("key", "label", "number", "limit_eth", "at")),
    ProvedTable(
        "fills",
        "trade_id",
        (
            "trade_id",
            "label",
            "instrument_name",
            "side",
            "amount",
            "price_eth",
            "fee_eth",
            "index_usd",
            "at",
        ),
    ),
    ProvedTable(
        "deliveries",
        "key",
        (
            "key",
            "position_id",
            "instrument_name",
            "delivery_price_usd",
            "size",
            "cash_flow_eth",
            "fee_eth",
            "at",
        ),
    ),
    ProvedTable("cash_flows", "ref", ("ref", "position_id", "kind", "amount_eth", "index_usd", "at")),
    ProvedTable(
        "alerts",
        "alert_id",
        ("alert_id", "severity", "code", "text", "cause", "at"),
        only=("severity", frozenset({"HIGH", "CRITICAL"})),
    ),
    ProvedTable(
        "inbox",
        "request_id",
        ("number", "request_id", "at", "message", "body", "who", "done_at", "answer"),
    ),
    ProvedTable(
        "kill_switch", "one", ("one", "armed", "causes", "reason", "who", "at", "disarms"), ordered=False
    ),
    ProvedTable(
        "entry_latches",
        "source",
        ("source", "latched", "reason", "who", "at", "word", "resumed_at"),
        ordered=False,
    ),
)
"""In an order in which no row is inserted before a row that it refers to."""

NOT_PROVED: Mapping[str, str] = MappingProxyType(
    {
        "chain": "says where the log ends, so no record can hold it; the boot and `audit verify` compare it",
        "answered": "the first answers to requests, kept for a week so that a repeated request is answered"
        " as before; no row of the books follows from them",
        "alert_channels": "which channel has taken which alert, changed at every attempt; no row of the books"
        " follows from them",
        "alert_numbers": "the highest number that an alert was given, LOW and MEDIUM ones included",
        "job_runs": "when each job is due next, moved at every slot; the rows of cycles, which are proved,"
        " keep a slot from running twice",
        "venue_texts": "what venues said in their own words, which can be cleared at any time; the log has"
        " their digests, and each text is checked against its own",
        "market_snapshots": "quotes of the market, in a file of their own (market.db); no money follows from"
        " them",
    }
)
"""The tables outside the fold, each with the reason; rows of `answered` to `job_runs` bear a checksum."""

NOT_PROVED_COLUMNS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("alerts", "number"): "counts the alerts of LOW and MEDIUM too, which are not in the log",
        ("alerts", "delivered_at"): "when the last channel took it, see alert_channels",
        ("alerts", "seal"): "a checksum of its row",
    }
)
"""Columns outside the fold in tables that are proved."""
