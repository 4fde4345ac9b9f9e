"""Statements 14 to 16: the audit log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from core.audit.hash_chain import ChainBrokenError
from core.messages.audit import AuditKind
from core.orders.label import OrderLabel
from lab.invariants.seen import SeenOutside
from reading.audit import verified
from reading.proof import books_proved

DIFFERENCES_SHOWN: Final = 5


def chain_is_whole(seen: SeenOutside) -> Iterator[str]:
    """14. The chain verifies; where it does not, the engine is armed."""
    for engine in seen.engines:
        if not seen.books(engine).exist:
            continue
        yield from engine.audit.gaps
        report = verified(engine.data_dir)
        if not report.ok and not engine.has_kill_file:
            yield f"the log is not whole, and the engine trades: {report.problem}"


def books_are_the_log(seen: SeenOutside) -> Iterator[str]:
    """15. The books are what the log makes of them, and no crash is taken for tampering."""
    for engine in seen.engines:
        if not seen.books(engine).exist:
            continue
        if engine.audit.kinds[AuditKind.CHAIN_BROKEN]:
            yield "CHAIN_BROKEN: nobody has tampered, a crash was taken for it"
        try:
            yield from books_proved(engine.data_dir).lines()[:DIFFERENCES_SHOWN]
        except ChainBrokenError as error:
            yield str(error)


def everything_is_recorded_once(seen: SeenOutside) -> Iterator[str]:
    """16. Each order, fill and start is in the log, once."""
    instructions: Counter[str] = Counter()
    fills: Counter[str] = Counter()
    for engine in seen.engines:
        instructions += engine.audit.instructions
        fills += engine.audit.fills
    for what, counts in (("instruction", instructions), ("fill", fills)):
        yield from (f"{what} {key}: {count} records" for key, count in counts.items() if count > 1)
    for engine in seen.engines:
        counts = engine.audit.boots
        yield from (f"start {boot}: {count} records" for boot, count in counts.items() if count > 1)
        twice = {key: count for key, count in engine.audit.restarts.items() if count > 1}
        yield from (f"restart of {path}: {count} records" for (path, _), count in twice.items())
    for label in seen.venue.labels:
        if OrderLabel.parse(label) is not None and not instructions[label]:
            yield f"{label}: it is at the venue, and no log has its instruction"


def all_fills_are_recorded(seen: SeenOutside) -> Iterator[str]:
    """16, at rest: each trade of ours at the venue is in a log."""
    if any(engine.has_kill_file for engine in seen.engines):
        return
    recorded = {trade_id for engine in seen.engines for trade_id in engine.audit.fills}
    not_ours = seen.on_other_terms() | seen.left_behind()
    for trade_id, trade in seen.venue.trades.items():
        is_ours = OrderLabel.parse(trade.label) is not None and trade.label not in not_ours
        if is_ours and trade_id not in recorded:
            yield f"{trade_id} of {trade.label}: it is at the venue, and no log has it"


def armings_are_recorded(seen: SeenOutside) -> Iterator[str]:
    """16, at rest: an engine whose `KILL` is there has recorded that it was armed, at each start."""
    for engine in seen.engines:
        armed = engine.is_up and engine.has_kill_file and not engine.disk_failed
        if armed and not engine.audit.kinds[AuditKind.ARMED]:
            yield "KILL is there, and no record says that the switch was armed"
