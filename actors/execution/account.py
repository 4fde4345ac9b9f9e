"""The account beside our books: read before an order is placed and after it rests, told to a person, and kept
from entries while another engine is at work in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from actors.execution.line import PROBE_WITHIN_S, Line
from core.alerts import AlertCode, Severity
from core.contract import (
    GET_OPEN_ORDERS,
    GET_ORDER_HISTORY,
    GET_POSITIONS,
    GET_USER_TRADES,
    CurrencyRequest,
    GetOrderHistory,
    GetSince,
    Order,
    iso_utc,
)
from core.messages.kill_switch import ClearSuspension, SuspendEntries
from core.messages.mcp import FetchFailed
from core.orders.account import (
    TRADES_SINCE,
    Findings,
    compare,
    earlier_entry,
    is_entry_label,
    labels_to_look_up,
    with_owners,
)
from core.orders.adoption import OwnTags, entries_before_the_restore
from core.orders.reconcile import Difference, DifferenceCode
from core.values import Failed

ACCOUNT_SOURCE: Final = "account"
"""The suspension while the account holds what keeps entries back; a look that finds nothing clears it."""
LOOKS_MAX: Final = 3
BETWEEN_LOOKS_S: Final = 1.0
CREATED_BEFORE: Final = timedelta(minutes=1)
"""How far before our instruction an entry that we could not see yet may have been created."""
_SEVERITIES: Final = {
    DifferenceCode.STRAY_ORDER: Severity.CRITICAL,
    DifferenceCode.OTHERS_ORDER: Severity.CRITICAL,
    DifferenceCode.OTHERS_POSITION: Severity.CRITICAL,
    DifferenceCode.SIZE: Severity.CRITICAL,
}
"""Of what is not named here: HIGH."""
_CODES: Final = {
    DifferenceCode.STRAY_ORDER: AlertCode.STRAY_ORDER,
    DifferenceCode.OTHERS_ORDER: AlertCode.OTHERS_ORDER,
    DifferenceCode.OTHERS_POSITION: AlertCode.OTHERS_POSITION,
    DifferenceCode.FOREIGN_ORDER: AlertCode.FOREIGN_ORDER,
    DifferenceCode.FOREIGN_POSITION: AlertCode.FOREIGN_POSITION,
    DifferenceCode.SIZE: AlertCode.SIZE,
    DifferenceCode.UNREAD: AlertCode.UNREAD,
}
"""Of every difference that a look at the account may find (`core/orders/account.py`)."""


def tell_findings(line: Line, findings: Findings) -> None:
    """Alert about each difference that is new, and suspend entries or clear the suspension."""
    watch = line.account
    for difference in watch.new(findings):
        severity = _SEVERITIES.get(difference.code, Severity.HIGH)
        line.alert(severity, _CODES[difference.code], _explained(difference))
    against = findings.against_entries
    if against:
        reason = "; ".join(map(str, against))
        line.tell(line.rooms.kill_switch, SuspendEntries(source=ACCOUNT_SOURCE, reason=reason))
    elif watch.suspended or not watch.has_looked:
        line.tell(line.rooms.kill_switch, ClearSuspension(source=ACCOUNT_SOURCE))
    watch.keep(findings)


def needs_reconcile(line: Line, findings: Findings) -> bool:
    """Whether a reconcile may explain what was found, by fills that came late or strays of ours. It has tried
    with what was told before, but it always tries if there is less than the books know."""
    new = set(line.account.new(findings))
    return bool(findings.less) or any(difference in new for difference in findings.against_entries)


async def look(line: Line, *, retry: bool = True, tags: OwnTags | None = None) -> Findings | Failed:
    """Read positions and open orders and compare them with the books, or say why they can't be read.

    The trades are read only if something is held that no live plan of ours names. `retry` as in `Line.read`.
    With `tags`, entries that were sent before a restore count as ours, so that they are strays.
    """
    held = await line.read(GET_POSITIONS, CurrencyRequest(), retry=retry)
    if isinstance(held, FetchFailed):
        return Failed.of(held.error)
    listed = await line.read(GET_OPEN_ORDERS, CurrencyRequest(), retry=retry)
    if isinstance(listed, FetchFailed):
        return Failed.of(listed.error)
    books = await line.books()
    known = frozenset(await line.known_orders(labels_to_look_up(books, line.own_tag, listed)))
    if tags is not None:
        known |= entries_before_the_restore(tags, listed.orders)
    now = line.ctx.now()
    findings = compare(books, line.own_tag, held, listed, now=now, known=known)
    if findings.unexplained:
        traded = await line.read(GET_USER_TRADES, GetSince(since=now - TRADES_SINCE), retry=retry)
        if isinstance(traded, FetchFailed):
            return Failed.of(traded.error)
        findings = with_owners(findings, held, traded)
    return findings


async def account_allows(line: Line, *, is_entry: bool) -> Failed | None:
    """Look before a permit is asked for. Returns why the order may not be placed now, or None if it may.

    Up to three looks, a second apart: books and venue differ for a moment while a fill is on its way. An
    entry needs an account that could be read and holds nothing against it. An exit only needs that the venue
    does not hold less than the books: it is reduce-only, so that nothing else can make it wrong.
    """
    found: Findings | Failed = Failed.of("account_unread")
    for number in range(LOOKS_MAX):
        if number:
            await line.pause(BETWEEN_LOOKS_S)
        found = await look(line, retry=False)
        if isinstance(found, Failed):
            if not is_entry:
                return None
            continue
        if not (found.against_entries if is_entry else found.less):
            tell_findings(line, found)
            return None
    if isinstance(found, Failed):
        return Failed.of("account_unread", *found.reasons)
    against = found.against_entries if is_entry else found.less
    if needs_reconcile(line, found):
        # The reconcile books fills that came late, cancels strays of ours, and arms if there is still less.
        reason = "; ".join(map(str, against))
        line.reconcile(f"before an order: {reason}")
    tell_findings(line, found)
    return Failed(reasons=tuple(map(str, against)))


async def first_of_two(line: Line, ours: Order) -> Order | Failed | None:
    """The entry of another engine that was created before ours, or None if there is none; Failed if the venue
    can't be read in three looks.

    Two engines may both have looked before either had placed. The one that came later sees the other's order
    now, resting or filled.
    """
    failed = Failed.of("account_unread")
    since = ours.created_at - CREATED_BEFORE
    for number in range(LOOKS_MAX):
        if number:
            await line.pause(BETWEEN_LOOKS_S)
        listed = await line.read(GET_OPEN_ORDERS, CurrencyRequest(), retry=False, within_s=PROBE_WITHIN_S)
        if isinstance(listed, FetchFailed):
            failed = Failed.of("account_unread", listed.error)
            continue
        request = GetOrderHistory(since=since, include_unfilled=False)
        history = await line.read(GET_ORDER_HISTORY, request, retry=False, within_s=PROBE_WITHIN_S)
        if isinstance(history, FetchFailed):
            failed = Failed.of("account_unread", history.error)
            continue
        unread = [row.name for row in (*listed.unread, *history.unread) if is_entry_label(row.label or "")]
        if unread:
            failed = Failed.of("account_unread", *unread)
            continue
        both = (*listed.orders, *history.orders)
        found = earlier_entry(ours, both)
        if found is None:
            return None
        known = frozenset(await line.known_orders(order.label for order in both))
        return earlier_entry(ours, both, known=known)
    return failed


def tell_rival(line: Line, ours: Order, first: Order) -> None:
    """Tell a person that two engines have placed an entry at the same time, and keep entries back."""
    text = (
        f"another engine trades this account: its entry {first.label} was created at"
        f" {iso_utc(first.created_at)}, ours {ours.label} at {iso_utc(ours.created_at)}; ours is cancelled."
        f" Stop one of the two engines"
    )
    if ours.filled_amount > 0:
        text += f"; ours had filled {ours.filled_amount:f} already, so look at how many positions are open"
    line.alert(Severity.CRITICAL, AlertCode.ANOTHER_ENGINE, text)
    reason = f"another engine: {first.label} at the venue"
    line.tell(line.rooms.kill_switch, SuspendEntries(source=ACCOUNT_SOURCE, reason=reason))
    line.account.suspended = True


def _explained(difference: Difference) -> str:
    """The alert's text: what was found, and what to do."""
    match difference.code:
        case DifferenceCode.OTHERS_ORDER | DifferenceCode.OTHERS_POSITION:
            advice = (
                "another engine trades this account, or this one did before a backup was restored: stop the"
                " other one; or have the books take over what is left (run.py state book-entry POSITION"
                " --from FOLDER --reason TEXT), or close it"
                " by hand; no entry is placed meanwhile"
            )
        case DifferenceCode.SIZE:
            advice = (
                "somebody trades in an instrument of ours, or a backup of before a trade was restored: no"
                " entry is placed until the sizes agree"
            )
        case DifferenceCode.STRAY_ORDER:
            advice = (
                "under a label of ours that is not live in the books: an entry is cancelled, an exit stays"
            )
        case DifferenceCode.UNREAD:
            advice = "it could not be read, and is left alone"
        case _:
            advice = "not ours: it is left alone"
    return f"{difference} ({advice})"
