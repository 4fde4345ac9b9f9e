"""docs/risk-controls.md: what arms, suspends and latches, what it does, and the limits before each order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from actors.kill_switch.latch import ARMED_BY
from actors.state.apply_latches import CODES as LATCH_CODES
from config.settings_list import settings
from core.alerts import ENTRIES, AlertCode
from core.messages.arm_cause import ArmCause
from core.orders.armed import Leaves, what_leaves
from core.orders.books import LatchSource
from core.orders.limits import GateFacts, check_limits
from core.orders.terms import OrderPurpose, OrderTerms
from core.status.suspensions import SUSPENSIONS
from core.strategy import ExitsWhenArmed, Strategy
from core.values import Environment
from tests.tidy.pages.marked import Page, code, table
from tests.tidy.pages.suspensions import sources
from tests.tidy.runbook import anchor
from tests.tidy.sources import files, name_of, parsed

WHAT_LEAVES = {
    Leaves.EVERY_ORDER: "every order",
    Leaves.REDUCE_ONLY_EXITS: "reduce-only exits",
    Leaves.NO_ORDER: "nothing",
}
ARMING = ("ArmKillSwitch", "Arming", "arm")
"""What is called to arm."""
LOOKED_AT = {
    "environment": "the venue's environment is `execution.environment`",
    "venue_clock_off": "the venue's clock differs by at most `execution.clock_skew_max_s`: for an entry as "
    "far as is possible, for an exit as far as is proven",
    "marks_too_old": "the marks are no older than `limits.market_data_age_max_s`",
    "books_too_old": "the books are no older than `limits.books_age_max_s`",
    "no_contracts": "at least one contract",
    "too_many_contracts": "at most `limits.contracts_max` contracts",
    "order_value": "contracts × index is at most `limits.order_value_max_usd`; one contract of an exit "
    "always passes",
    "price_outside_collar": "the limit is no worse than natural less the wider of `limits.collar_ticks` and "
    "`limits.collar_frac`",
    "reduce_only_entry": "an entry is not reduce-only",
    "entry_for_debit": "an entry receives a credit",
    "max_open_positions": "with it, at most `strategy.max_open_positions` positions are open",
    "orders_in_doubt": "no order is in doubt",
    "orders_per_hour": "with it, at most `limits.orders_per_hour` requests of entries in 3600 s",
    "exit_not_reduce_only": "an exit is reduce-only",
    "exit_exceeds_position": "an exit is no larger than its position",
}
"""What each check of the gate looks at."""


def causes() -> str:
    rows = (
        (
            code(cause.value),
            ENTRIES[ARMED_BY[cause]].means,
            ", ".join(map(code, who_arms(cause))) or "whoever lays the file",
            WHAT_LEAVES[what_leaves([cause], ExitsWhenArmed.ALLOW_REDUCE_ONLY)],
            WHAT_LEAVES[what_leaves([cause], ExitsWhenArmed.BLOCK)],
            runbook(ARMED_BY[cause]),
        )
        for cause in ArmCause
    )
    columns = (
        "cause",
        "what it means",
        "set in",
        "leaves under `allow_reduce_only`",
        "leaves under `block`",
        "what to do",
    )
    return table(columns, rows)


def who_arms(cause: ArmCause) -> list[str]:
    """The files that arm for this cause."""
    return [name for name, armed_for in _arming_files().items() if cause.name in armed_for]


@cache
def _arming_files() -> dict[str, frozenset[str]]:
    """Each file of the engine and its commands with the causes for which it arms."""
    named = (path for path in files("actors", "cli") if ArmCause.__name__ in path.read_text("utf-8"))
    return {name_of(path): frozenset(_armed_for(parsed(path))) for path in named}


def _armed_for(tree: ast.AST) -> Iterator[str]:
    """The members of `ArmCause` that calls which arm are given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ARMING:
            for given in (*node.args, *(each.value for each in node.keywords)):
                yield from (
                    found.attr
                    for found in ast.walk(given)
                    if isinstance(found, ast.Attribute) and ast.unparse(found.value) == ArmCause.__name__
                )


def suspensions() -> str:
    rows = (
        (code(source), SUSPENSIONS[source].why, ", ".join(map(code, found)), SUSPENSIONS[source].ends)
        for source, found in sorted(sources().items())
    )
    return table(("source", "why", "set in", "ends by itself when"), rows)


def latches() -> str:
    rows = (
        (
            code(source.value),
            ENTRIES[LATCH_CODES[source]].means,
            f'`run.py resume --source {source.value} --reason "…"`',
            runbook(LATCH_CODES[source]),
        )
        for source in LatchSource
    )
    return table(("source", "what it means", "a person ends it by", "what to do"), rows)


def runbook(alert: AlertCode) -> str:
    return f"[{ENTRIES[alert].title}](runbook.md#{anchor(alert)})"


def section(name: str) -> str:
    """The keys of one section of strategy.yaml."""
    rows = (
        (code(each.key), each.meaning, code(each.allowed), code(each.default), each.consequence)
        for each in settings(None)
        if each.key.startswith(f"{name}.")
    )
    return table(("key", "unit and meaning", "range", "default", "a wrong one costs"), rows)


def gate() -> str:
    """Each check of the gate, and the orders that it binds."""
    entry, exit_ = _checked(OrderPurpose.ENTRY), _checked(OrderPurpose.EXIT)
    rows = (
        (code(check), LOOKED_AT[check], _binds(check in entry), _binds(check in exit_))
        for check in dict.fromkeys((*entry, *exit_))
    )
    return table(("code", "what is looked at", "entries", "exits"), rows)


def _binds(bound: bool) -> str:
    return "yes" if bound else "–"


def _checked(purpose: OrderPurpose) -> list[str]:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    facts = GateFacts(
        now=now,
        environment=Environment.PAPER,
        venue_clock_offset_s=0.0,
        venue_clock_offset_max_s=0.0,
        spot_usd=2500.0,
        marks_as_of=now,
        books_as_of=now,
        open_positions=0,
        orders_in_doubt=0,
        entry_requests_last_hour=0,
        position_contracts=1,
    )
    terms = OrderTerms(
        purpose=purpose, legs=(), amount=1, limit_eth=Decimal("0.01"), reduce_only=not purpose.is_entry
    )
    result = check_limits(terms, Decimal("0.01"), facts, Strategy())
    return [check.code for check in result.checks]


PAGE = Page(
    "risk-controls.md",
    {
        "Causes": causes,
        "Suspensions": suspensions,
        "Latches": latches,
        "Protections": lambda: section("protections"),
        "Limits": lambda: section("limits"),
        "Gate": gate,
    },
)
