"""Shares: each task is handed out once, neighbours to the same worker, and nobody idles while any waits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lab.shares import Shares


def test_each_worker_gets_tasks_that_follow_each_other() -> None:
    shares: Shares[str, int] = Shares()
    shares.share_out(range(7), ["a", "b"])
    assert [shares.next_of("a") for _ in range(4)] == [0, 1, 2, 3]
    assert [shares.next_of("b") for _ in range(3)] == [4, 5, 6]
    assert not shares


def test_whoever_has_none_left_gets_the_later_half_of_the_longest_share() -> None:
    shares: Shares[str, int] = Shares()
    shares.share_out(range(6), ["a"])
    assert [shares.next_of("new"), shares.next_of("new")] == [3, 4]
    assert [shares.next_of("a"), shares.next_of("a")] == [0, 1]
    assert len(shares) == 2


def test_what_is_put_back_is_the_next_one() -> None:
    shares: Shares[str, int] = Shares()
    shares.share_out(range(4), ["a", "b"])
    taken = shares.next_of("b")
    assert taken == 2
    shares.put_back("b", taken)
    assert shares.next_of("b") == taken


@given(
    parts=st.lists(st.integers(0, 9), min_size=1, max_size=3),
    turns=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=60),
)
def test_each_task_is_handed_out_once_whoever_asks(parts: list[int], turns: list[tuple[int, bool]]) -> None:
    shares: Shares[int, int] = Shares()
    submitted = 0
    for part in parts:
        shares.share_out(range(submitted, submitted + part), [0, 1, 2])
        submitted += part
    done: list[int] = []
    for worker, dies in turns:
        waited = len(shares)
        task = shares.next_of(worker)
        assert (task is None) == (waited == 0)
        if task is not None and dies:
            shares.put_back(worker, task)
        elif task is not None:
            done.append(task)
    while (task := shares.next_of(0)) is not None:
        done.append(task)
    assert sorted(done) == list(range(submitted))
    assert not shares
