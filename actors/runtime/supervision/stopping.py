"""Stopping a child: in an orderly way, or by fencing its life if it takes too long."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from threading import Lock

from actors.runtime.cells.cell import Cell
from actors.runtime.cells.notices import End, Ended, Hung
from actors.runtime.errors import RuntimeFault
from actors.runtime.reporting.status import CellState
from actors.runtime.supervision.node import RUNNING, Child, StopAll, SupervisorNode

logger = logging.getLogger("actors.runtime")


@dataclass(frozen=True)
class Released:
    """A fenced life's `on_stop` has run."""

    unit: Cell
    epoch: int


def mark_down(child: Child) -> None:
    child.unit.state = CellState.HELD
    child.start_deadline_s = None
    child.up_since_us = None
    child.ticket += 1


def stop_children(node: SupervisorNode, order: StopAll) -> None:
    for child in reversed(node.children):
        stop_child(node, child, order, final=order.final)


def stop_child(node: SupervisorNode, child: Child, order: StopAll, *, final: bool) -> None:
    """Stop one child in an orderly way; fence it if it takes too long."""
    unit = child.unit
    running = unit.state in RUNNING
    epoch = unit.epoch
    if running and isinstance(unit, SupervisorNode):
        unit.order_stop(replace(order, deadline_s=node.stop_deadline_s))
        node.wait_for(Ended, lambda ended: ended.unit is unit, float("inf"), below=unit)
    elif running and isinstance(unit, Cell):
        timeout_s = node.clamped(unit.spec.shutdown_timeout_s)
        unit.order_stop(after_mail=order.after_mail)
        obeyed = node.wait_for(Ended, lambda ended: ended.unit is unit and ended.epoch == epoch, timeout_s)
        if obeyed is None:
            limit = RuntimeFault(f"{unit.path} did not stop within {timeout_s:.1f} s")
            fence(node, unit, End.KILLED, limit, None)
    elif isinstance(unit, SupervisorNode) and final:
        for cell in unit.cells():
            cell.close_for_good()
    mark_down(child)
    leave_down(child, End.SHUTDOWN.value, final=final, tell=running)


def leave_down(child: Child, reason: str, *, final: bool, tell: bool = True) -> None:
    unit = child.unit
    if isinstance(unit, SupervisorNode):
        return
    if final:
        unit.close_for_good()
    if tell or final:
        unit.tell_watchers(reason, restarting=not final)


def fence(node: SupervisorNode, cell: Cell, how: End, error: BaseException, hung: Hung | None) -> bool:
    """Cut a life off and let its actor release what it holds; False if it ended by itself just before."""
    incarnation = cell.incarnation
    channel = node.channel
    if incarnation is None or channel is None:
        return False
    if not cell.fence(how, error, holding=None if hung is None else hung.envelope):
        return False
    node.runtime.abandon(incarnation)
    released = Released(cell, cell.epoch)
    activity = node.runtime.activity
    counted = Lock()

    def count_out() -> None:
        # Once, by the first of two: the worker that returns, or the supervisor that waits no longer.
        if activity is not None and counted.acquire(False):
            activity.add(-1)

    def release() -> None:
        incarnation.release()
        channel.put(released)
        count_out()

    if activity is not None:
        activity.add(1)
    try:
        job = node.runtime.spawn(f"{incarnation.worker_name}/on_stop", release)
    except RuntimeError:
        logger.exception("%s: no thread is left to run on_stop on", incarnation.worker_name)
        count_out()
        return True
    timeout_s = node.clamped(cell.spec.shutdown_timeout_s)
    if node.wait_for(Released, lambda done: done == released, timeout_s) is None:
        node.runtime.abandon(job)
        count_out()
    return True
