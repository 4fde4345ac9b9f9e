"""Takes the proposal of a trade that a restore has taken out of the books back from the log that it replaced.

With its plan in the books, the next recovery takes over what the venue has of the trade: the entry, what is
held, exits and deliveries (`core/orders/adoption.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from actors.audit.files import AUDIT_FOLDER
from cli.offline_records import record_offline
from core.audit.fold.log import fold
from core.audit.fold.tables import Cell, Row
from core.audit.hash_chain import Link
from core.errors import InputError
from core.how_many import how_many
from core.messages.audit import AuditEvent, AuditKind
from core.messages.state import AnyRecording, CloseCycle, OpenCycle, RecordDecision
from core.orders.books import CycleOutcome, Job, Proposal
from core.system_keys import RESTORED_KEY
from core.values import CycleId
from reading.backups import BOUND, bound_to, stored_settings
from reading.books import stored_cycles, stored_positions
from reading.followed_log import FollowedLog
from reading.operator import operator_name


@dataclass(frozen=True)
class _LostEntry:
    """What the replaced log says of an entry, and where that log could be followed to."""

    proposal: Proposal
    record: str
    job: Job
    slot: datetime
    opened_at: datetime
    end: Link


def taken_back(data_dir: Path, replaced: Path, position: str, reason: str, now: datetime) -> str:
    """Record it, and say what follows. Nobody else may use the folder meanwhile, and nothing is sent.

    `replaced` is the folder that `state restore` has put aside. Raises InputError for what can't be,
    FoundWrongError as `record_offline` does.
    """
    if not reason.strip():
        raise InputError("--reason: expected why it is taken back, found nothing")
    if not stored_settings(data_dir).get(RESTORED_KEY):
        raise InputError(f"{data_dir}: expected books that were restored from a backup, found others")
    if any(str(known.position_id) == position for known in stored_positions(data_dir, everything=True)):
        raise InputError(f"{position}: expected a position that the books do not know, found it in them")
    if not (replaced / AUDIT_FOLDER).is_dir():
        raise InputError(
            f"--from {replaced}: expected what a restore has put aside (replaced/UTC, with {AUDIT_FOLDER}/), "
            "found none"
        )
    lost = _lost_entry(data_dir, replaced / AUDIT_FOLDER, position)
    record_offline(data_dir, _requests(data_dir, lost, reason), now)
    plan = lost.proposal.plan
    return (
        f"{position}: its plan ({plan.kind}, {how_many(plan.contracts, 'contract')}) is in the books again."
        " Start the engine: it takes over what the venue has of it, or cancels the proposal if that is"
        " nothing"
    )


def _lost_entry(data_dir: Path, folder: Path, position: str) -> _LostEntry:
    """Raises InputError if the log does not hold it, is another account's, or says that nothing was sent."""
    followed = FollowedLog(folder)
    tables = fold(followed).tables
    settings, bound = tables["system"], bound_to(data_dir)
    for key in BOUND:
        found = settings[key]["value"] if key in settings else None
        if found is None or found != bound[key]:
            raise InputError(f"--from {folder}: {key}: expected a log of {bound[key]}, found {found}")
    row = tables["proposals"].get(position)
    if row is None:
        known = ", ".join(map(str, tables["proposals"])) or "none"
        upto = f" up to {followed.link}, where {followed.problem}" if followed.problem else ""
        raise InputError(f"{position}: expected a position of {folder} ({known}){upto}")
    if not any(each["proposal_id"] == position for each in tables["instructions"].values()):
        raise InputError(f"{position}: expected one of which an order was sent, found a proposal alone")
    cycle = tables["cycles"][row["cycle_id"]]
    return _LostEntry(
        proposal=Proposal.model_validate_json(_proposal_json(row)),
        record=_decided(tables["decisions"], row["cycle_id"]),
        job=Job(str(cycle["job"])),
        slot=datetime.fromisoformat(str(cycle["slot"])),
        opened_at=datetime.fromisoformat(str(cycle["opened_at"])),
        end=followed.link,
    )


def _proposal_json(row: Row) -> str:
    cells = ", ".join(f'"{key}": "{row[key]}"' for key in ("proposal_id", "cycle_id", "created_at"))
    return f'{{{cells}, "plan": {row["plan"]}}}'


def _decided(decisions: dict[Cell, Row], cycle_id: Cell) -> str:
    """The record of the cycle's decision, which is its last."""
    return [str(row["record"]) for row in decisions.values() if row["cycle_id"] == cycle_id][-1]


def _requests(data_dir: Path, lost: _LostEntry, reason: str) -> list[AnyRecording]:
    proposal = lost.proposal
    stamp = f"taken-back-{proposal.proposal_id}"
    event = AuditEvent(
        kind=AuditKind.ADOPTED,
        at=proposal.created_at,
        detail={
            "what": "a proposal that a person took back from a log of before the restore",
            "position_id": proposal.proposal_id,
            "log_head": str(lost.end),
            "who": operator_name(),
            "reason": reason,
        },
    )
    decided = RecordDecision(
        request_id=f"{stamp}-decision",
        cycle_id=proposal.cycle_id,
        at=proposal.created_at,
        record=lost.record,
        proposal=proposal,
        audit=(event,),
    )
    if _is_known(data_dir, proposal.cycle_id):
        return [decided]
    opened = OpenCycle(request_id=f"{stamp}-cycle", job=lost.job, slot=lost.slot, at=lost.opened_at)
    closed = CloseCycle(
        request_id=f"{stamp}-end",
        cycle_id=proposal.cycle_id,
        outcome=CycleOutcome.ENTERED,
        reasons=(),
        at=proposal.created_at,
    )
    return [opened, decided, closed]


def _is_known(data_dir: Path, cycle_id: CycleId) -> bool:
    """Whether the restored engine has run, and noticed that slot, since."""
    return any(row.cycle_id == cycle_id for row in stored_cycles(data_dir, None))
