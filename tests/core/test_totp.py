"""One-time codes: the vectors of RFC 6238, and what is remembered of codes that were tried."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.totp import (
    FAILURES_MAX,
    LOCKED_FOR,
    STEP_S,
    CodeState,
    CodeVerdict,
    code_of_step,
    judge,
    secret_of,
    step_of,
)

SECRET = b"12345678901234567890"
NOW = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_vectors_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    """There with eight digits; the last six are these."""
    assert code_of_step(SECRET, step_of(datetime.fromtimestamp(seconds, UTC))) == code


def code_at(at: datetime) -> str:
    return code_of_step(SECRET, step_of(at))


@pytest.mark.parametrize(
    ("steps", "verdict"), [(-2, "wrong"), (-1, "good"), (0, "good"), (1, "good"), (2, "wrong")]
)
def test_a_code_is_good_half_a_minute_before_and_after_its_own(steps: int, verdict: str) -> None:
    found, _ = judge(SECRET, code_at(NOW + timedelta(seconds=steps * STEP_S)), NOW, CodeState())
    assert found == verdict


def test_a_code_is_good_once_and_so_is_every_older_one() -> None:
    verdict, state = judge(SECRET, code_at(NOW), NOW, CodeState())
    assert verdict is CodeVerdict.GOOD
    for steps in (0, -1):
        again, _ = judge(SECRET, code_at(NOW + timedelta(seconds=steps * STEP_S)), NOW, state)
        assert again is CodeVerdict.USED


def test_three_failures_lock_for_a_quarter_of_an_hour_also_against_the_right_code() -> None:
    state = CodeState()
    for _ in range(FAILURES_MAX):
        assert state.locked_until is None
        verdict, state = judge(SECRET, "nonsense", NOW, state)
        assert verdict is CodeVerdict.WRONG
    assert judge(SECRET, code_at(NOW), NOW, state) == (CodeVerdict.LOCKED, state)
    later = NOW + LOCKED_FOR
    assert judge(SECRET, code_at(later), later, state)[0] is CodeVerdict.GOOD


def test_a_used_code_counts_as_a_failure() -> None:
    _, state = judge(SECRET, code_at(NOW), NOW, CodeState())
    for _ in range(FAILURES_MAX):
        _, state = judge(SECRET, code_at(NOW), NOW, state)
    assert state.locked_until == NOW + LOCKED_FOR


def guesses_taken(for_: timedelta) -> int:
    """How many wrong codes are looked at, of somebody who tries one each second that it could be."""
    state, at, count = CodeState(), NOW, 0
    while at < NOW + for_:
        verdict, state = judge(SECRET, "nonsense", at, state)
        count += verdict is not CodeVerdict.LOCKED
        at = state.locked_until if state.locked_until is not None and state.locked_until > at else at
    return count


def test_who_guesses_for_a_year_finds_a_code_with_less_than_half_a_percent() -> None:
    """Each guess hits one of three codes in a million. With a lock that stays a quarter of an hour it was
    27 % in a year."""
    guesses = guesses_taken(timedelta(days=365))
    assert guesses_taken(timedelta(days=1)) <= 21
    assert 1 - (1 - 3e-6) ** guesses < 0.005


def test_each_lock_is_twice_as_long_until_a_code_is_good() -> None:
    state, at = CodeState(), NOW
    for times in (1, 2, 4):
        for _ in range(FAILURES_MAX):
            _, state = judge(SECRET, "nonsense", at, state)
        assert state.locked_until == at + times * LOCKED_FOR
        at = state.locked_until
    _, state = judge(SECRET, code_at(at), at, state)
    for _ in range(FAILURES_MAX):
        _, state = judge(SECRET, "nonsense", at, state)
    assert state.locked_until == at + LOCKED_FOR


def test_a_lock_of_a_clock_that_ran_ahead_ends_as_if_it_began_when_it_was_set_back() -> None:
    """With such a clock every code is wrong, so that it locks by itself: for ten years, say."""
    ahead, state = NOW + timedelta(days=3650), CodeState()
    for _ in range(FAILURES_MAX):
        _, state = judge(SECRET, code_at(NOW), ahead, state)
    verdict, state = judge(SECRET, code_at(NOW), NOW, state)
    assert (verdict, state.locked_until) == (CodeVerdict.LOCKED, NOW + LOCKED_FOR)
    later = NOW + LOCKED_FOR
    assert judge(SECRET, code_at(later), later, state)[0] is CodeVerdict.GOOD


def test_what_was_remembered_before_locks_were_counted_is_read() -> None:
    old = '{"last_step":3,"failures":1,"locked_until":null}'
    assert CodeState.model_validate_json(old) == CodeState(last_step=3, failures=1)


def test_a_good_code_forgets_the_failures_before_it() -> None:
    _, state = judge(SECRET, "000000", NOW, CodeState())
    _, state = judge(SECRET, code_at(NOW), NOW, state)
    assert state.failures == 0


@given(code=st.text(max_size=12))
def test_any_text_is_judged(code: str) -> None:
    verdict, state = judge(SECRET, code, NOW, CodeState())
    assert (verdict is CodeVerdict.GOOD) == (state.failures == 0)


@given(secret=st.binary(min_size=16, max_size=64))
def test_a_secret_is_read_as_apps_write_it(secret: bytes) -> None:
    text = base64.b32encode(secret).decode()
    spaced = " ".join(text.lower().rstrip("=")[at : at + 4] for at in range(0, len(text), 4))
    assert secret_of(text) == secret_of(spaced) == secret


@pytest.mark.parametrize("text", ["", "MFRGG", "not base32!", "1" * 40, "A" * 8])
def test_another_secret_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(InputError) as raised:
        secret_of(text)
    assert not text or text not in str(raised.value)
