"""What an armed switch lets through is one table of causes and setting."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.messages.arm_cause import ArmCause
from core.orders.armed import Leaves, what_leaves
from core.orders.terms import OrderPurpose, OrderTerms
from core.permit_times import CERTAIN_AFTER_S, PERMIT_LIFETIME_MAX_S
from core.strategy import ExitsWhenArmed, Strategy

ALLOW, BLOCK = ExitsWhenArmed.ALLOW_REDUCE_ONLY, ExitsWhenArmed.BLOCK
BLOCKING = {ArmCause.ENVIRONMENT, ArmCause.AUDIT, ArmCause.RECOVERY, ArmCause.DATABASE}


def terms(purpose: OrderPurpose, *, reduce_only: bool) -> OrderTerms:
    return OrderTerms(purpose=purpose, legs=(), amount=1, limit_eth=Decimal("0.01"), reduce_only=reduce_only)


@pytest.mark.parametrize("setting", [ALLOW, BLOCK, None])
def test_without_a_cause_every_order_leaves(setting: ExitsWhenArmed | None) -> None:
    assert what_leaves((), setting) is Leaves.EVERY_ORDER


@pytest.mark.parametrize("cause", ArmCause)
def test_a_cause_that_puts_the_books_in_doubt_blocks_exits_whatever_the_setting(cause: ArmCause) -> None:
    expected = Leaves.NO_ORDER if cause in BLOCKING else Leaves.REDUCE_ONLY_EXITS
    assert what_leaves({cause}, ALLOW) is expected
    assert what_leaves({cause, ArmCause.OPERATOR}, ALLOW) is expected


@pytest.mark.parametrize("cause", ArmCause)
@pytest.mark.parametrize("setting", [BLOCK, None])
def test_exits_are_blocked_unless_a_person_has_allowed_them(
    cause: ArmCause, setting: ExitsWhenArmed | None
) -> None:
    assert what_leaves({cause}, setting) is Leaves.NO_ORDER


@pytest.mark.parametrize("purpose", OrderPurpose)
@pytest.mark.parametrize("reduce_only", [False, True])
def test_only_an_exit_that_is_reduce_only_is_one(purpose: OrderPurpose, reduce_only: bool) -> None:
    order = terms(purpose, reduce_only=reduce_only)
    is_exit = purpose in (OrderPurpose.EXIT, OrderPurpose.EDIT_EXIT) and reduce_only
    assert Leaves.REDUCE_ONLY_EXITS.lets(order) is is_exit
    assert Leaves.EVERY_ORDER.lets(order)
    assert not Leaves.NO_ORDER.lets(order)


def test_a_person_waits_for_the_longest_permit_and_a_second() -> None:
    assert CERTAIN_AFTER_S == PERMIT_LIFETIME_MAX_S + 1.0 == 5.0
    assert Strategy().execution.permit_lifetime_s <= PERMIT_LIFETIME_MAX_S
