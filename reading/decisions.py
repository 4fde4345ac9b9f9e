"""Recomputes recorded decisions with the configuration that the engine recorded when it started."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import JsonValue, ValidationError

from config import code_version
from core.audit.hash_chain import AuditRecord
from core.errors import FoundWrongError, McpDataAnomalyError
from core.messages.audit import AuditKind
from core.protection_settings import ProtectionsSection
from core.rules import record as decision_record
from core.rules.exit.decision import Skipped
from core.strategy import Strategy
from reading.audit import records_of_kinds, require_audit_log

_READ = frozenset({AuditKind.ENGINE_START, AuditKind.DECISION})
_WINDOWS = ("drawdown_window_d", "loss_window_d")


@dataclass(frozen=True)
class Explained:
    """One recorded decision beside its recomputation; `difference` is the first field that differs.

    `decided_by` is the version of the code that decided, if it is not the one that recomputed: then a
    difference may come from a rule that has changed since.
    """

    seq: int
    at: datetime
    text: str
    difference: str | None
    decided_by: str | None


def explained(data_dir: Path, cycle_id: str) -> tuple[Explained, ...]:
    """Every decision of a cycle, recomputed.

    Raises DataFolderError if there is no audit log, FoundWrongError if no decision is recorded or a record
    can't be read.
    """
    require_audit_log(data_dir)
    found = tuple(_recomputed(*pair) for pair in _decisions(data_dir, cycle_id))
    if not found:
        raise FoundWrongError(f"{cycle_id}: no decision is recorded under this cycle")
    return found


def _decisions(data_dir: Path, cycle_id: str) -> Iterator[tuple[AuditRecord, AuditRecord]]:
    """Each decision of the cycle with the last `ENGINE_START` record before it."""
    start: AuditRecord | None = None
    for record in records_of_kinds(data_dir, _READ):
        if record.kind == AuditKind.ENGINE_START:
            start = record
        if record.kind == AuditKind.DECISION and record.detail.get("cycle_id") == cycle_id:
            if start is None:
                raise FoundWrongError(
                    f"audit record {record.seq}: expected an {AuditKind.ENGINE_START} before it"
                )
            yield record, start


def _recomputed(record: AuditRecord, start: AuditRecord) -> Explained:
    text = record.detail.get("record")
    if not isinstance(text, str):
        raise FoundWrongError(f"audit record {record.seq}: expected a decision's record, found none")
    try:
        recorded = json.loads(text)
        strategy = Strategy.model_validate_json(json.dumps(_as_recorded(start.detail.get("config"))))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(("config", *map(str, first["loc"])))
        raise FoundWrongError(
            f"audit record {start.seq}: {field}: found {first['input']!r}: {first['msg']}"
        ) from None
    except ValueError as error:
        raise FoundWrongError(f"audit record {record.seq}: {error}") from None
    if not isinstance(recorded, dict):
        raise FoundWrongError(f"audit record {record.seq}: expected a decision's record, found no object")
    try:
        difference = decision_record.verify(recorded, strategy)
    except FoundWrongError as error:
        raise FoundWrongError(f"audit record {record.seq}: {error}") from None
    decided_by = recorded.get("code_version")
    # Older starts recorded the release alone, and so did their decisions.
    if difference is None and decided_by != start.detail.get("code_version", start.detail.get("version")):
        difference = "code_version"
    if difference is None and record.detail.get("sha256") != hashlib.sha256(text.encode()).hexdigest():
        difference = "sha256"
    return Explained(
        seq=record.seq,
        at=record.at,
        text=_shown(recorded, strategy),
        difference=difference,
        decided_by=None if decided_by == code_version() else str(decided_by),
    )


def _as_recorded(config: JsonValue) -> JsonValue:
    """The configuration of a start, with what it did not have yet switched off.

    Otherwise today's defaults would be checked against settings that were chosen without them.
    """
    if not isinstance(config, dict) or not isinstance(exits := config.get("exits", {}), dict):
        return config
    if "protections" in config:
        return config
    off = dict.fromkeys(name for name in ProtectionsSection.model_fields if name not in _WINDOWS)
    return {**config, "protections": off, "exits": {"margin_warn": None, "margin_exit": None, **exits}}


def _shown(recorded: decision_record.Json, strategy: Strategy) -> str:
    """The recomputation rule by rule, or why there is none."""
    try:
        decision = decision_record.replay(recorded, strategy)
    except (ValueError, McpDataAnomalyError, KeyError, TypeError) as error:
        return f"the recorded facts can't be read: {type(error).__name__}"
    return decision_text(decision)


def decision_text(decision: decision_record.AnyDecision) -> str:
    """A decision rule by rule, or why none was taken."""
    if isinstance(decision, Skipped):
        return f"exit {decision.position_id}: no decision, {', '.join(decision.reasons)}"
    return decision.table()
