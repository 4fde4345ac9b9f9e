"""The preflight's checks of the upstream host: each against answers that agree with it and that do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

import pytest

from cli.preflight import upstream
from cli.preflight.line import LineState, PreflightCheck, PreflightLine
from cli.upstream import Probe
from config import load_strategy
from core.contract import (
    ENVIRONMENT_INFO,
    GET_FX_RATE,
    GET_INDEX_PRICE,
    GET_OPEN_ORDERS,
    GET_POSITIONS,
    GET_TOTAL_EQUITY,
    GET_USER_TRADES,
    REQUIRED_FEATURES,
    EnvironmentInfo,
    FxRate,
    IndexPrice,
    Order,
    Orders,
    Positions,
    Router,
    Tool,
    ToolAnswer,
    ToolRequest,
    TotalEquity,
    Trades,
    VenuePosition,
)
from core.errors import McpAuthError, McpError, McpTimeoutError
from core.orders.adoption import OwnTags
from core.orders.books import Books
from core.strategy import Strategy
from core.values import Environment, Label

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
UNBOUND: dict[str, str | None] = {"environment": None, "account": None}
RequestT = TypeVar("RequestT", bound=ToolRequest)
AnswerT = TypeVar("AnswerT", bound=ToolAnswer)
Answers = Mapping[str, ToolAnswer | McpError]


class Answering:
    """Each tool with its answer, or the error with which it fails."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def __call__(self, tool: Tool[RequestT, AnswerT], request: RequestT, /) -> AnswerT:
        found = self._answers[tool.name]
        if isinstance(found, McpError):
            raise found
        return cast("AnswerT", found)


def info(
    *, environment: str = "testnet", features: frozenset[str] = REQUIRED_FEATURES, ahead_s: float = 0.0
) -> EnvironmentInfo:
    return EnvironmentInfo.model_validate(
        {
            "environment": environment,
            "account": "A1",
            "server_time": (NOW + timedelta(seconds=ahead_s)).isoformat(),
            "features": sorted(features),
        }
    )


def on(environment: Environment) -> Strategy:
    base = Strategy()
    return base.model_copy(
        update={"execution": base.execution.model_copy(update={"environment": environment})}
    )


def ticking(step_s: float) -> Callable[[], datetime]:
    """A clock that is read before and after the answer."""
    times = iter((NOW - timedelta(seconds=step_s / 2), NOW + timedelta(seconds=step_s / 2)))
    return lambda: next(times)


def asked(
    answer: ToolAnswer | McpError,
    *,
    strategy: Strategy | None = None,
    bound: dict[str, str | None] = UNBOUND,
    took_s: float = 0.1,
) -> dict[PreflightCheck, PreflightLine]:
    lines = upstream.of_the_token(
        Answering({ENVIRONMENT_INFO.name: answer}),
        strategy or on(Environment.TESTNET),
        bound,
        ticking(took_s),
    )
    return {line.check: line for line in lines}


def test_all_is_well_if_token_strategy_and_books_agree() -> None:
    found = asked(info(), bound={"environment": "testnet", "account": "A1"})
    assert set(found) == set(upstream.OF_THE_TOKEN)
    assert {line.state for line in found.values()} == {LineState.OK}


def test_a_refused_token_is_told_and_nothing_else_is_claimed() -> None:
    found = asked(McpAuthError("HTTP 401: no such token"))
    assert found.pop(PreflightCheck.TOKEN).state is LineState.NOT
    assert {line.state for line in found.values()} == {LineState.UNCHECKED}


def test_a_host_that_does_not_answer_says_nothing_about_the_token() -> None:
    found = asked(McpTimeoutError("no complete answer within 8 s"))
    assert {line.state for line in found.values()} == {LineState.UNCHECKED}


@pytest.mark.parametrize("environment", ["mainnet", "paper"])
def test_a_token_of_another_environment_is_refused(environment: str) -> None:
    line = asked(info(environment=environment))[PreflightCheck.ENVIRONMENT]
    assert line.state is LineState.NOT
    assert environment in line.found


@pytest.mark.parametrize(
    "bound",
    [
        {"environment": "testnet", "account": "A2"},
        {"environment": "mainnet", "account": "A1"},
    ],
)
def test_books_of_another_account_are_refused(bound: dict[str, str | None]) -> None:
    assert asked(info(), bound=bound)[PreflightCheck.ACCOUNT].state is LineState.NOT


@pytest.mark.parametrize("missing", sorted(REQUIRED_FEATURES))
def test_each_required_feature_is_missed(missing: str) -> None:
    line = asked(info(features=REQUIRED_FEATURES - {missing}))[PreflightCheck.FEATURES]
    assert line.state is LineState.NOT
    assert missing in line.found


@pytest.mark.parametrize(
    ("ahead_s", "took_s", "state"),
    [
        (0.0, 0.1, LineState.OK),
        (5.0, 0.1, LineState.NOT),
        (-5.0, 0.1, LineState.NOT),
        (0.0, 6.0, LineState.LOOK),
    ],
)
def test_the_clock_is_held_against_the_venues(ahead_s: float, took_s: float, state: LineState) -> None:
    assert asked(info(ahead_s=ahead_s), took_s=took_s)[PreflightCheck.CLOCK].state is state


def test_without_a_strategy_only_what_needs_none_is_judged() -> None:
    lines = upstream.of_the_token(Answering({ENVIRONMENT_INFO.name: info()}), None, UNBOUND, ticking(0.1))
    unchecked = {line.check for line in lines if line.state is LineState.UNCHECKED}
    assert unchecked == {PreflightCheck.ENVIRONMENT, PreflightCheck.CLOCK}


def test_a_router_that_does_not_answer_is_named() -> None:
    up = [Probe(router, True, "2", "testnet", 1.0, (), None) for router in Router]
    assert upstream.routers(up).state is LineState.OK
    down = [*up[:-1], Probe(Router.PORTFOLIO, False, None, None, 1.0, (), "HTTP 503")]
    assert "portfolio: HTTP 503" in upstream.routers(down).found


@pytest.mark.parametrize(
    ("equity", "currency", "state"),
    [("30000", "USD", LineState.OK), ("10000", "USD", LineState.NOT), ("18000", "EUR", LineState.OK)],
)
def test_total_equity_is_read_in_its_own_currency(
    strategy_file: Path, equity: str, currency: str, state: LineState
) -> None:
    answers: dict[str, ToolAnswer | McpError] = {
        GET_TOTAL_EQUITY.name: TotalEquity.model_validate(
            {"equity": equity, "currency": currency, "timestamp": NOW.isoformat()}
        ),
        GET_FX_RATE.name: FxRate.model_validate({"rate": 1.2, "timestamp": NOW.isoformat()}),
        GET_INDEX_PRICE.name: IndexPrice.model_validate({"price": "2500", "timestamp": NOW.isoformat()}),
    }
    loaded = load_strategy(strategy_file)
    assert upstream.capital_line(Answering(answers), loaded).state is state
    answers[GET_TOTAL_EQUITY.name] = McpTimeoutError("no answer")
    assert upstream.capital_line(Answering(answers), loaded).state is LineState.UNCHECKED
    assert upstream.capital_line(Answering(answers), None).state is LineState.UNCHECKED


def held(*names: str) -> Positions:
    money = dict.fromkeys(("average_price", "mark_price", "floating_pnl"), "0")
    greeks = dict.fromkeys(("delta", "gamma", "theta", "vega"), 0.0)
    rows = tuple(
        VenuePosition.model_validate({"instrument_name": name, "size": "-2", **money, **greeks})
        for name in names
    )
    return Positions(positions=rows)


def order(label: str, created_at: datetime = NOW) -> Order:
    return Order.model_validate(
        {
            "order_id": "o1",
            "label": label,
            "state": "open",
            "amount": 1,
            "filled_amount": 0,
            "average_price": None,
            "price": "0.01",
            "legs": [{"instrument_name": "ETH-16JAN26-2800-P", "side": "sell", "ratio": 1}],
            "created_at": created_at.isoformat(),
            "updated_at": created_at.isoformat(),
        }
    )


TAGS = OwnTags(present="abcdef")
RESTORED = OwnTags(present="abcdef", former=("zzzzzz",), restored_at=NOW)


def of_account(
    positions: Positions, *resting: Order, known: tuple[str, ...] = (), tags: OwnTags = TAGS
) -> PreflightLine:
    answers: Answers = {
        GET_POSITIONS.name: positions,
        GET_OPEN_ORDERS.name: Orders(orders=resting),
        GET_USER_TRADES.name: Trades(trades=()),
    }
    books = Books(as_of=NOW, seq=0, positions=(), orders=(), instructions=())
    ours = frozenset(Label(label) for label in known)
    return upstream.positions(Answering(answers), books, tags, lambda labels: ours & set(labels), NOW)


def test_an_empty_account_is_in_order() -> None:
    assert of_account(held()) == PreflightLine(PreflightCheck.POSITIONS, LineState.OK, "nothing held")


def test_what_somebody_else_holds_is_named() -> None:
    line = of_account(held("ETH-16JAN26-2800-P"))
    assert line.state is LineState.LOOK
    assert "ETH-16JAN26-2800-P" in line.found


def test_a_resting_entry_of_another_engine_is_refused() -> None:
    line = of_account(held(), order("p-1:zzzzzz:e1"))
    assert line.state is LineState.NOT
    assert "p-1:zzzzzz:e1" in line.found


@pytest.mark.parametrize(
    ("label", "tags"), [("p-1:abcdef:e1", TAGS), ("p-1:zzzzzz:e1", RESTORED)], ids=["present", "former"]
)
def test_an_entry_of_ours_that_the_books_do_not_know_is_left_to_the_start(label: str, tags: OwnTags) -> None:
    """Under a former tag, too: it was sent after the backup that was put back."""
    line = of_account(held(), order(label, NOW - timedelta(hours=1)), tags=tags)
    assert line.state is LineState.LOOK
    assert line.found.startswith(f"stray_order:{label}")
    assert "cancels" in line.do


def test_an_entry_under_a_former_tag_of_after_the_restore_is_another_engines() -> None:
    """On a copy of the folder, which has the same former tags."""
    line = of_account(held(), order("p-1:zzzzzz:e1", NOW), tags=RESTORED)
    assert line.state is LineState.NOT
    assert line.found.startswith("others_order:p-1:zzzzzz:e1")
    assert "run.py state book-entry" in line.do


def test_what_another_engine_has_resting_is_not_left_to_the_start_because_of_ours() -> None:
    line = of_account(held(), order("p-1:abcdef:e1"), order("p-1:yyyyyy:e1"))
    assert line.state is LineState.NOT
    assert "others_order:p-1:yyyyyy:e1" in line.found
    assert "stray_order:p-1:abcdef:e1" in line.found
    assert line.do.startswith("stop whatever else trades the account")


def test_a_foreign_order_is_named() -> None:
    assert of_account(held(), order("by hand")).state is LineState.LOOK


def test_an_account_that_cant_be_read_is_not_judged() -> None:
    answers: Answers = {GET_POSITIONS.name: McpTimeoutError("no answer")}
    books = Books(as_of=NOW, seq=0, positions=(), orders=(), instructions=())
    line = upstream.positions(Answering(answers), books, OwnTags(present=""), lambda labels: frozenset(), NOW)
    assert line.state is LineState.UNCHECKED
