"""The venue's disk: what was answered is what comes back, and a request that broke down leaves no trace."""

from __future__ import annotations

import json
import resource
import sqlite3
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from gateway.paper.account import Account
from gateway.paper.dispatch import Dispatch
from gateway.paper.faults import Faults, FaultSpec
from gateway.paper.store import FILE_NAME, Store, StoreFailedError
from tests.gateway.market_fake import TOKEN, Desk

HOUR = timedelta(hours=1)
ACTS = st.lists(
    st.tuples(
        st.sampled_from(("enter", "rest", "exit", "cancel", "reject", "wait", "week")), st.integers(1, 4)
    ),
    max_size=10,
)


def books(account: Account) -> tuple[object, ...]:
    return (
        account.balance_eth,
        account.last_number,
        account.positions,
        account.orders,
        account.trades,
        account.settlements,
        [order.order.order_id for order in account.active_orders()],
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    opened.put_meta({"balance_eth": "10", "last_number": "0"})
    yield opened
    opened.close()


def kept_desk(store: Store, *faults: str) -> Desk:
    desk = Desk()
    specs = [FaultSpec.parse(text) for text in faults]
    desk.dispatch = Dispatch(desk.venue, TOKEN, Faults(specs, 1, {}), store)
    return desk


def test_what_changed_nothing_is_not_written_again(tmp_path: Path, store: Store) -> None:
    """Five routers are probed at one moment, all day long; SQLite tells a second reader of each write."""
    account, clock = Account(Decimal(10)), datetime(2026, 1, 5, tzinfo=UTC)
    reader = sqlite3.connect(tmp_path / FILE_NAME)

    def version() -> int:
        return int(reader.execute("PRAGMA data_version").fetchone()[0])

    versions = []
    for at, counts in (
        (clock, {}),
        (clock, {}),
        (clock, {"a": 1}),
        (clock, {"a": 1}),
        (clock + HOUR, {"a": 1}),
    ):
        store.save(at, account, counts)
        versions.append(version())
    reader.close()
    assert [after != before for before, after in pairwise(versions)] == [False, True, False, True]
    assert store.load() is not None


@given(ACTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_every_answer_the_disk_holds_the_account(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int]]
) -> None:
    store = Store(tmp_path_factory.mktemp("venue"))
    store.put_meta({"balance_eth": "10", "last_number": "0"})
    desk = kept_desk(store, "venue:venue_restart:0.05")
    for number, (act, amount) in enumerate(acts):
        fields = {"label": f"p{number}:e1", "amount": str(amount)}
        match act:
            case "enter":
                desk.place(**fields)
            case "rest":
                desk.place(**fields, price="0.0100")
            case "exit":
                desk.place(**desk.exit(**fields))
            case "reject":
                desk.place(**fields, price="0.0900")
            case "cancel":
                desk.call("cancel_all")
            case "wait":
                desk.later(minutes=1)
                desk.call("get_dvol")
            case _:
                desk.later(days=amount)
                desk.call("get_dvol")
        kept = store.load()
        assert kept is not None
        clock, account, _ = kept
        assert clock == desk.venue.clock
        assert books(account) == books(desk.venue.account)
    store.close()


def test_a_request_that_breaks_down_leaves_no_trace(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = kept_desk(store)
    desk.place()
    before = books(desk.venue.account)

    def broken(*_: object) -> None:
        raise RuntimeError("the market is gone")

    with monkeypatch.context() as patch:
        patch.setattr(desk.market, "index_usd", broken)
        with pytest.raises(RuntimeError, match="gone"):
            desk.raw("deribit", "place_combo_order", json.dumps(desk.placement(label="p2:e1")).encode())
    assert books(desk.venue.account) == before
    assert desk.place(label="p2:e1")["state"] == "filled"


def test_a_save_that_fails_is_rolled_back_whole(store: Store, tmp_path: Path) -> None:
    desk = kept_desk(store)
    desk.place()
    other = sqlite3.connect(tmp_path / FILE_NAME)
    other.execute("CREATE TRIGGER no BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    other.commit()
    with pytest.raises(StoreFailedError, match=f"{FILE_NAME}.*disk full"):
        desk.raw("deribit", "place_combo_order", json.dumps(desk.placement(label="p2:e1")).encode())
    other.execute("DROP TRIGGER no")
    other.commit()
    other.close()
    assert [order.order.label for order in desk.venue.account.orders.values()] == ["p1:e1"]
    assert desk.place(label="p2:e1")["state"] == "filled"


def test_a_save_that_fails_at_its_very_end_is_rolled_back_too(store: Store) -> None:
    """The next request finds no transaction that the failed one has left open."""
    desk = kept_desk(store)
    desk.place()
    before = deepcopy(books(desk.venue.account))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limit[1]))
    try:
        with pytest.raises(StoreFailedError, match=FILE_NAME):
            desk.raw("deribit", "place_combo_order", json.dumps(desk.placement(label="p2:e1")).encode())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert books(desk.venue.account) == before
    assert desk.place(label="p2:e1")["state"] == "filled"


def test_fault_counters_go_on_where_they_were(store: Store) -> None:
    desk = kept_desk(store, "deribit:stale:0.5")
    for _ in range(5):
        desk.call("get_dvol")
    kept = store.load()
    assert kept is not None
    assert kept[2] == {"deribit/get_dvol": 5}


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(
        "this is not a database, and it is long enough to be seen as one" * 20, "utf-8"
    )
    with pytest.raises(InputError, match=FILE_NAME):
        Store(tmp_path)
