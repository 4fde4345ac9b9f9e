"""Follows an audit log while it grows, and keeps what its records say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from actors.audit.files import AUDIT_FOLDER, opened, plain_files, plain_name
from core.audit.hash_chain import AuditRecord, kind_of, read_record
from core.errors import IllegalEdgeError
from core.messages.audit import AuditKind
from core.orders.lifecycle import OrderState, PositionState, check_order_edge, check_position_edge

READ = frozenset(
    {
        AuditKind.ENGINE_START,
        AuditKind.CHAIN_BROKEN,
        AuditKind.INSTRUCTION,
        AuditKind.ORDER,
        AuditKind.FILL,
        AuditKind.POSITION,
        AuditKind.ARMED,
        AuditKind.DISARMED,
        AuditKind.OPERATOR,
        AuditKind.ACTOR_RESTARTED,
    }
)
AFRESH = frozenset({AuditKind.CHAIN_BROKEN, AuditKind.BOOKS, AuditKind.RESTORED, AuditKind.ADOPTED})
"""After these, the rows are not what the records before have made of them."""


class AuditWalk:
    """What the records so far say. `forget` begins anew: after a crash the log may end earlier."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / AUDIT_FOLDER
        self.forget()

    def forget(self) -> None:
        self._file, self._offset = "", 0
        self.kinds: Counter[str] = Counter()
        self.instructions: Counter[str] = Counter()
        self.fills: Counter[str] = Counter()
        self.boots: Counter[str] = Counter()
        self.operator: Counter[str] = Counter()
        self.restarts: Counter[tuple[str, str]] = Counter()
        self.false_edges: list[str] = []
        self._positions: dict[str, str] = {}
        self._orders: dict[str, str] = {}
        self.last_seq = 0
        self.gaps: list[str] = []

    def go_on(self) -> None:
        """Read what has been added, also to a day that was compressed since."""
        for path in plain_files(self._folder):
            name = plain_name(path)
            if name < self._file:
                continue
            if name > self._file:
                self._file, self._offset = name, 0
            with opened(path) as stream:
                stream.seek(self._offset)
                added = stream.read()
            whole = added[: added.rfind(b"\n") + 1]
            self._offset += len(whole)
            for line in whole.splitlines(keepends=True):
                self._take(line)

    def _take(self, line: bytes) -> None:
        kind = kind_of(line)
        self.kinds[kind] += 1
        seq = int(line[len(b'{"seq":') : line.index(b",")])
        if kind in AFRESH:
            self._positions.clear()
            self._orders.clear()
        if self.last_seq and seq != self.last_seq + 1 and kind != AuditKind.CHAIN_BROKEN:
            self.gaps.append(f"record {seq} follows {self.last_seq}")
        self.last_seq = seq
        if kind in READ:
            self._read(read_record(line))

    def _read(self, record: AuditRecord) -> None:
        detail = record.detail
        match record.kind:
            case AuditKind.INSTRUCTION:
                self.instructions[str(detail["label"])] += 1
                self._orders[str(detail["label"])] = OrderState.INTENDED
            case AuditKind.FILL:
                self.fills[str(detail["trade_id"])] += 1
            case AuditKind.ENGINE_START:
                self.boots[str(detail["boot_id"])] += 1
            case AuditKind.OPERATOR:
                self.operator[str(detail.get("request_id"))] += 1
            case AuditKind.ACTOR_RESTARTED:
                self.restarts[str(detail.get("path")), f"{detail.get('epoch')} {record.at}"] += 1
            case AuditKind.POSITION if detail.get("to") is not None:
                self._edge("position", str(detail["position_id"]), detail.get("from"), str(detail["to"]))
            case AuditKind.ORDER if detail.get("to") is not None:
                self._edge("order", str(detail["label"]), detail.get("from"), str(detail["to"]))

    def _edge(self, what: str, key: str, said: object, after: str) -> None:
        known = self._positions if what == "position" else self._orders
        before = known.get(key)
        known[key] = after
        if said is not None and before is not None and said != before:
            self.false_edges.append(f"{what} {key}: it was {before}, and goes from {said} to {after}")
        if before is None or said is None:
            return
        try:
            if what == "position":
                check_position_edge(PositionState(before), PositionState(after), by_reconcile=True)
            else:
                check_order_edge(OrderState(before), OrderState(after))
        except IllegalEdgeError as error:
            self.false_edges.append(f"{key}: {error}")
