"""Draws from a seed what happens in a simulation, and when: mostly where orders are under way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Final

from core.contract import Router
from core.orders.books import Job
from gateway.paper.faults import FaultKind
from lab.simulate.acts import PROFILES, Act, ActKind, ActPlace, Drawn

BEGIN: Final = datetime.fromisoformat("2026-01-05T13:50:00+00:00")
"""A Monday, ten minutes before an entry."""
DAY_S: Final = 86_400.0
ENTRY_S: Final = 600.0
"""The first entry slot, seconds from the begin; the others come a week apart."""
MONITOR_S: Final = (10 * 3600.0 + 600.0, 22 * 3600.0 + 600.0)
"""The first two monitors; the others come a day apart."""
SETTLEMENT_S: Final = 18 * 3600.0 + 1200.0
TRADING: Final = (1, 4, 9, 13, 14, 17, 20, 23)
"""Model markets whose first Monday has an entry."""
DERIBIT_ONLY: Final = frozenset(
    {
        FaultKind.CROSSED,
        FaultKind.EMPTY_BOOK,
        FaultKind.IV_7,
        FaultKind.REJECT,
        FaultKind.PARTIAL_SILENT,
        FaultKind.FILL_AFTER_CANCEL,
        FaultKind.WRONG_ENVIRONMENT,
        FaultKind.VENUE_RESTART,
        FaultKind.ALIEN_POSITION,
    }
)
OF_ORDERS: Final = (
    FaultKind.TIMEOUT_BEFORE,
    FaultKind.TIMEOUT_AFTER,
    FaultKind.CUT,
    FaultKind.HTTP_500,
    FaultKind.REJECT,
    FaultKind.PARTIAL_SILENT,
    FaultKind.PARTIAL_SILENT,
    FaultKind.FILL_AFTER_CANCEL,
)
CHANGING: Final = ("place_combo_order", "edit_order", "cancel_order")
MESSAGES: Final = (
    "RequestPermit",
    "RecordInstruction",
    "RecordSent",
    "SendOrder",
    "OrderAccepted",
    "OrderUnknown",
    "PermitSpent",
    "EditOrder",
    "RecordEdit",
    "CancelOrder",
    "RecordOrder",
    "OrderFinal",
    "PlaceCombo",
    "ClosePosition",
    "RecordDecision",
    "OpenCycle",
    "CloseCycle",
    "AppendAudit",
    "AuditAt",
    "BooksChanged",
    "Recorded",
    "Fetch",
    "Fetched",
    "SettleExpired",
    "RaiseAlert",
    "",
)
"""Where an order or its record passes; "" is any message."""
PERSON: Final = (
    "arm",
    "arm",
    "arm",
    "arm by file",
    "arm by file",
    "arm by file",
    "disarm",
    "enter",
    "enter",
    "monitor",
    "close all",
    "close all",
    "cancel orders",
    "pause",
    "resume",
    "backup",
    "settle",
    "restart execution",
    "restart mcp.orders",
    "restart decision",
    "snapshot",
)
WORST: Final = ("RequestPermit", "SendOrder", "EditOrder", "RecordSent", "RecordEdit")
"""When an arming is hardest to keep."""
READS: Final = ("get_margins", "get_index_price", "get_positions", "get_open_orders")
"""Waited for right before a permit is asked for."""
RECOVERS: Final = "BindAccount"
"""Sent once a recovery has begun, so that what is asked for now has to wait for its end."""
LOSES: Final = ("nothing", "all", "some", "torn")
"""What a kill takes of the writes that were not synced."""
ACTS: Final = (3, 12)
ON_WIRE: Final = 0.1


def draw(seed: int, days: float, profile: str) -> Drawn:
    """The same seed, days and profile draw the same."""
    chance = Random(f"simulate/{profile}/{seed}")
    kinds = sorted(PROFILES[profile])
    count = chance.randint(*ACTS) if kinds else 0
    count += int(count * max(0.0, days - 2.0) / 7.0)
    # In a few hours so many would leave no entry alone.
    count = max(1, round(count * days)) if kinds and days < 1.0 else count
    acts = [_act(chance, days, kinds) for _ in range(count)]
    acts += [after for act in acts for after in _worst_after(chance, act, kinds)]
    drawn = sorted(acts, key=lambda act: act.at_s)
    return Drawn(
        seed=seed,
        market=chance.choice(TRADING) if chance.random() < 0.8 else chance.randrange(1000),
        yield_at_tell=chance.choice((0.0, 0.0, 0.2)),
        is_on_wire=chance.random() < ON_WIRE,
        acts=tuple(act.model_copy(update={"number": number}) for number, act in enumerate(drawn)),
    )


def entry_slots(days: float) -> list[float]:
    """When entries are due, in seconds from the begin."""
    return [ENTRY_S + week * 7 * DAY_S for week in range(int(days // 7) + 1)]


def job_slots(days: float, job: Job) -> list[float]:
    """When an entry, a monitor or a settlement is due, in seconds from the begin."""
    if job is Job.ENTRY:
        return entry_slots(days)
    first = MONITOR_S if job is Job.MONITOR else (SETTLEMENT_S,)
    slots = sorted(at + day * DAY_S for day in range(int(days) + 1) for at in first)
    return [at for at in slots if at < days * DAY_S]


def _act(chance: Random, days: float, kinds: list[ActKind]) -> Act:
    kind = chance.choice(kinds)
    at_s = _moment(chance, days)
    match kind:
        case ActKind.VENUE if chance.random() < 0.25:
            # Most kinds, targets and times hit no order: what does so is drawn apart.
            at_s = max(0.0, chance.choice(entry_slots(days)) + chance.uniform(-300.0, 200.0))
            what = f"venue:{chance.choice(OF_ORDERS)}:{chance.choice((0.5, 1.0))}"
            return _act_of(kind, at_s, what=what, lasts_s=chance.choice((60.0, 600.0)))
        case ActKind.VENUE:
            return _act_of(kind, at_s, what=_fault(chance), lasts_s=chance.choice((60.0, 600.0, 7200.0)))
        case ActKind.LATE:
            return _act_of(kind, at_s, lasts_s=chance.choice((900.0, 7200.0)))
        case ActKind.CRASH | ActKind.HANG:
            return _placed(chance, kind, at_s)
        case ActKind.KILL:
            return _placed(chance, kind, at_s, what=chance.choice(LOSES), lasts_s=_down_s(chance))
        case ActKind.STOP:
            return _act_of(kind, at_s, lasts_s=_down_s(chance))
        case ActKind.FULL_DISK:
            what = chance.choice(("soft", "hard"))
            return _act_of(kind, at_s, what=what, lasts_s=chance.choice((30.0, 600.0)))
        case ActKind.IO_ERROR:
            return _act_of(kind, at_s, place=ActPlace.DISK, nth=chance.randint(1, 60))
        case ActKind.CLOCK:
            step_s = chance.choice((-600.0, 600.0, 3.0, -3.0, 28_800.0, 43_200.0, -90.0))
            what, lasts_s = f"{step_s:.1f}", chance.choice((75.0, 1200.0))
            if chance.random() < 0.5:
                return _act_of(kind, at_s, what=what, lasts_s=lasts_s)
            of = chance.choice((*READS, *CHANGING))
            return _act_of(kind, at_s, what=what, place=ActPlace.REQUEST, of=of, lasts_s=lasts_s)
        case ActKind.PERSON:
            what = chance.choice(PERSON)
            if what.startswith("arm") and chance.random() < 0.5:
                # Nothing is harder to keep than an arming while an order is on its way.
                of = chance.choice(("place_combo_order", "edit_order"))
                at_s = chance.choice(entry_slots(days)) + chance.uniform(-300.0, 200.0)
                return _act_of(kind, max(0.0, at_s), what=what, place=ActPlace.REQUEST, of=of)
            if chance.random() < 0.5:
                return _act_of(kind, at_s, what=what)
            of, nth = chance.choice(MESSAGES), chance.randint(1, 3)
            if what.startswith("arm"):
                of = chance.choice(WORST)
            return _act_of(kind, at_s, what=what, place=ActPlace.MESSAGE, of=of, nth=nth)
        case ActKind.SECOND:
            return _act_of(kind, max(0.0, at_s - 400.0), lasts_s=chance.choice((900.0, 2400.0)))
        case ActKind.OTHERS | ActKind.TERMS:
            return _act_of(kind, at_s, lasts_s=chance.choice((600.0, 7200.0)))
        case ActKind.TELEGRAM:
            return _act_of(kind, at_s, lasts_s=chance.choice((600.0, 6 * 3600.0)))


def _worst_after(chance: Random, act: Act, kinds: list[ActKind]) -> Iterator[Act]:
    """Half of the acts are followed by what makes them worse, if that is drawn at all; before an arming
    requests are late, so that some are under way."""
    if act.what in ("arm", "arm by file") and ActKind.LATE in kinds:
        yield _act_of(ActKind.LATE, max(0.0, act.at_s - 60.0), lasts_s=900.0)
    if chance.random() < 0.5:
        return
    match act.kind, act.what:
        case (ActKind.FULL_DISK | ActKind.IO_ERROR, _) if ActKind.PERSON in kinds:
            what = chance.choice(("arm", "arm by file", "enter", "pause"))
            yield _act_of(ActKind.PERSON, act.at_s + chance.uniform(0.0, 20.0), what=what)
        case (ActKind.PERSON, "arm" | "arm by file"):
            yield _act_of(ActKind.PERSON, act.at_s + chance.uniform(10.0, 600.0), what="close all")
        case (ActKind.PERSON, "enter" | "close all") if ActKind.KILL in kinds:
            place = ActPlace.MESSAGE if chance.random() < 0.7 else ActPlace.DISK
            nth = chance.randint(1, 40)
            loses, lasts_s = chance.choice(LOSES), chance.choice((0.0, 5.0, 90.0))
            at_s = act.at_s + chance.uniform(0.0, 1.0)
            yield _act_of(ActKind.KILL, at_s, what=loses, place=place, nth=nth, lasts_s=lasts_s)
        case (ActKind.KILL | ActKind.STOP, _) | (
            ActKind.PERSON,
            "restart execution",
        ) if ActKind.PERSON in kinds:
            what = chance.choice(("close all", "close all", "enter", "arm", "settle"))
            yield _act_of(ActKind.PERSON, act.at_s, what=what, place=ActPlace.MESSAGE, of=RECOVERS)
        case _:
            return


def _act_of(kind: ActKind, at_s: float, **rest: object) -> Act:
    return Act.model_validate({"number": 0, "kind": kind, "at_s": round(at_s, 3), **rest})


def _placed(chance: Random, kind: ActKind, at_s: float, **rest: object) -> Act:
    place = chance.choice(
        (ActPlace.MESSAGE, ActPlace.MESSAGE, ActPlace.DISK, ActPlace.REQUEST, ActPlace.ANSWER)
    )
    if place is ActPlace.MESSAGE:
        of, nth = chance.choice(MESSAGES), chance.randint(1, 4)
        nth = chance.randint(1, 120) if not of else nth
    elif place is ActPlace.DISK:
        of, nth = "", chance.randint(1, 60)
    else:
        of, nth = chance.choice((*CHANGING, "get_positions", "")), chance.randint(1, 3)
    return _act_of(kind, at_s, place=place, of=of, nth=nth, **rest)


def _moment(chance: Random, days: float) -> float:
    """Mostly about an entry, a monitor or a settlement, because most of the time nothing happens."""
    end_s = days * DAY_S
    what = chance.random()
    if what < 0.45:
        at_s = chance.choice(entry_slots(days)) + chance.choice(
            (chance.uniform(-300, 5), chance.uniform(0, 300))
        )
    elif what < 0.7:
        at_s = chance.choice(job_slots(days, Job.MONITOR) or [0.0]) + chance.uniform(-10.0, 300.0)
    elif what < 0.75:
        at_s = chance.choice(job_slots(days, Job.SETTLEMENT) or [0.0]) + chance.uniform(-10.0, 60.0)
    else:
        at_s = chance.uniform(0.0, end_s)
    return min(max(at_s, 0.0), end_s * 0.98)


def _down_s(chance: Random) -> float:
    return chance.choice((0.0, 0.5, 5.0, 90.0, 400.0, 2000.0, 20_000.0))


def _fault(chance: Random) -> str:
    kind = chance.choice([kind for kind in FaultKind if kind is not FaultKind.CRASH] + [FaultKind.CRASH])
    target = Router.DERIBIT if kind in DERIBIT_ONLY else chance.choice((*Router, "venue", "venue", "all"))
    if kind in (FaultKind.ALIEN_POSITION, FaultKind.VENUE_RESTART):
        rate = 0.02
    else:
        rate = chance.choice((0.05, 0.2, 0.5, 1.0))
    return f"{target}:{kind}:{rate}"
