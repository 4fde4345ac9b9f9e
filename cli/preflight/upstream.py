"""The checks of the upstream host and of the account that its token selects. Only reads are sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar, cast

from actors.mcp import McpClient
from cli.preflight.line import LineState, PreflightCheck, PreflightLine
from cli.preflight.settings import capital
from cli.upstream import Probe
from config import LoadedStrategy
from core.contract import (
    ENVIRONMENT_INFO,
    GET_FX_RATE,
    GET_INDEX_PRICE,
    GET_OPEN_ORDERS,
    GET_POSITIONS,
    GET_TOTAL_EQUITY,
    GET_USER_TRADES,
    REQUIRED_FEATURES,
    CurrencyRequest,
    EnvironmentInfo,
    GetFxRate,
    GetSince,
    NoArguments,
    Router,
    Tool,
    ToolAnswer,
    ToolRequest,
)
from core.errors import McpAuthError, McpError
from core.market.venue_clock import clock_offset
from core.orders.account import TRADES_SINCE, Findings, compare, labels_to_look_up, with_owners
from core.orders.adoption import OwnTags, entries_before_the_restore
from core.orders.books import Books
from core.strategy import Strategy
from core.values import Label

OF_THE_TOKEN = (
    PreflightCheck.TOKEN,
    PreflightCheck.ENVIRONMENT,
    PreflightCheck.ACCOUNT,
    PreflightCheck.FEATURES,
    PreflightCheck.CLOCK,
)
OF_THE_ACCOUNT = (PreflightCheck.CAPITAL, PreflightCheck.POSITIONS)
NO_STRATEGY = "strategy.yaml could not be read"

RequestT = TypeVar("RequestT", bound=ToolRequest)
AnswerT = TypeVar("AnswerT", bound=ToolAnswer)


class Reader(Protocol):
    """One attempt at a tool that changes nothing. Raises `McpError`."""

    def __call__(self, tool: Tool[RequestT, AnswerT], request: RequestT, /) -> AnswerT: ...


class Asking:
    """Reads through the same client as the engine, so that it takes and refuses the same answers."""

    def __init__(self, clients: Callable[[Router], McpClient], clock: Callable[[], datetime]) -> None:
        self._clients = clients
        self._clock = clock

    def __call__(self, tool: Tool[RequestT, AnswerT], request: RequestT, /) -> AnswerT:
        client = self._clients(tool.router)
        return cast("AnswerT", client.read(tool.name, request, correlation="preflight", now=self._clock()))


def routers(probes: Sequence[Probe]) -> PreflightLine:
    failed = [f"{probe.router}: {probe.error}" for probe in probes if not probe.ok]
    if failed:
        return PreflightLine(
            PreflightCheck.ROUTERS,
            LineState.NOT,
            " · ".join(failed),
            "run.py ping; the runbook says what each text means",
        )
    return PreflightLine(
        PreflightCheck.ROUTERS, LineState.OK, ", ".join(f"{probe.router} {probe.version}" for probe in probes)
    )


def not_read(checks: Sequence[PreflightCheck], why: str) -> list[PreflightLine]:
    """What could not be looked at, for one reason."""
    return [
        PreflightLine(check, LineState.UNCHECKED, why, "put that right, then run it again")
        for check in checks
    ]


def of_the_token(
    read: Reader,
    strategy: Strategy | None,
    bound: dict[str, str | None],
    clock: Callable[[], datetime],
) -> list[PreflightLine]:
    """What the token selects, against the strategy and against the books, which `bound` is of."""
    sent_at = clock()
    try:
        info = read(ENVIRONMENT_INFO, NoArguments())
    except McpAuthError as error:
        refused = PreflightLine(
            PreflightCheck.TOKEN,
            LineState.NOT,
            str(error),
            "correct CERBERO_BITE_MCP_TOKEN, or renew the token at the host",
        )
        return [refused, *not_read(OF_THE_TOKEN[1:], "the token is refused")]
    except McpError as error:
        return not_read(OF_THE_TOKEN, str(error))
    skew = clock_line(info, sent_at, clock(), strategy)
    accepted = PreflightLine(PreflightCheck.TOKEN, LineState.OK, f"accepted, account {info.account}")
    return [accepted, environment(info, strategy), account(info, bound), features(info), skew]


def environment(info: EnvironmentInfo, strategy: Strategy | None) -> PreflightLine:
    if strategy is None:
        return not_read([PreflightCheck.ENVIRONMENT], NO_STRATEGY)[0]
    wanted, found = strategy.execution.environment, info.environment
    if wanted.value != str(found):
        return PreflightLine(
            PreflightCheck.ENVIRONMENT,
            LineState.NOT,
            f"execution.environment is {wanted.value}, the token selects {found}: a start would arm",
            "use the token of that environment, or change execution.environment and seal the file",
        )
    return PreflightLine(PreflightCheck.ENVIRONMENT, LineState.OK, f"{found} in both")


def account(info: EnvironmentInfo, bound: dict[str, str | None]) -> PreflightLine:
    """Books belong to one account for ever; another one's would be reconciled away."""
    found = {"environment": str(info.environment), "account": info.account}
    other = {key: of for key, of in bound.items() if of is not None and of != found[key]}
    if other:
        said = ", ".join(f"{key} {of}, found {found[key]}" for key, of in other.items())
        return PreflightLine(
            PreflightCheck.ACCOUNT,
            LineState.NOT,
            f"the books in the data folder are of {said}: a start would arm",
            "use the data folder of this account, or a new one",
        )
    if bound.get("account") is None:
        return PreflightLine(
            PreflightCheck.ACCOUNT, LineState.OK, f"the first start binds new books to {info.account}"
        )
    return PreflightLine(PreflightCheck.ACCOUNT, LineState.OK, f"the books are of {info.account}")


def features(info: EnvironmentInfo) -> PreflightLine:
    missing = sorted(REQUIRED_FEATURES - set(info.features))
    if missing:
        return PreflightLine(
            PreflightCheck.FEATURES,
            LineState.NOT,
            f"the upstream host lacks {', '.join(missing)}: no order would leave",
            "use a version of the host that has them",
        )
    return PreflightLine(PreflightCheck.FEATURES, LineState.OK, ", ".join(sorted(REQUIRED_FEATURES)))


def clock_line(
    info: EnvironmentInfo, sent_at: datetime, received_at: datetime, strategy: Strategy | None
) -> PreflightLine:
    if strategy is None:
        return not_read([PreflightCheck.CLOCK], NO_STRATEGY)[0]
    offset = clock_offset(info.server_time, sent_at=sent_at, received_at=received_at)
    allowed_s = strategy.execution.clock_skew_max_s
    if abs(offset.proven_s) > allowed_s:
        return PreflightLine(
            PreflightCheck.CLOCK,
            LineState.NOT,
            f"the venue's clock is {offset.proven_s:+.1f} s from this machine's, allowed are {allowed_s:g} s",
            "set the clock and keep it with a time daemon: timedatectl",
        )
    if offset.max_s > allowed_s:
        return PreflightLine(
            PreflightCheck.CLOCK,
            LineState.LOOK,
            f"the answer took {(received_at - sent_at).total_seconds():.1f} s: the difference may be up to "
            f"{offset.max_s:.1f} s, and no entry leaves while it may exceed {allowed_s:g} s",
            "run it again; if it stays so, the way to the host is too slow",
        )
    return PreflightLine(PreflightCheck.CLOCK, LineState.OK, f"at most {offset.max_s:.2f} s apart")


def capital_line(read: Reader, loaded: LoadedStrategy | None) -> PreflightLine:
    if loaded is None:
        return not_read([PreflightCheck.CAPITAL], NO_STRATEGY)[0]
    try:
        equity = read(GET_TOTAL_EQUITY, CurrencyRequest(currency="USD"))
        usd_per = 1.0
        if equity.currency != "USD":
            usd_per = read(GET_FX_RATE, GetFxRate(base=equity.currency, quote="USD")).rate
        spot_usd = float(read(GET_INDEX_PRICE, CurrencyRequest()).price)
    except McpError as error:
        return not_read([PreflightCheck.CAPITAL], str(error))[0]
    return capital(loaded, float(equity.equity) * usd_per, spot_usd)


def positions(
    read: Reader,
    books: Books,
    tags: OwnTags,
    known: Callable[[tuple[Label, ...]], frozenset[Label]],
    now: datetime,
) -> PreflightLine:
    """What the account holds and has resting beside the books, judged as by a start."""
    try:
        held = read(GET_POSITIONS, CurrencyRequest())
        resting = read(GET_OPEN_ORDERS, CurrencyRequest())
        ours = known(labels_to_look_up(books, tags.present, resting))
        ours |= entries_before_the_restore(tags, resting.orders)
        findings = compare(books, tags.present, held, resting, now=now, known=ours)
        if findings.unexplained:
            traded = read(GET_USER_TRADES, GetSince(since=now - TRADES_SINCE))
            findings = with_owners(findings, held, traded)
    except McpError as error:
        return not_read([PreflightCheck.POSITIONS], str(error))[0]
    return _judged(findings, tags, len(held.positions))


def _judged(findings: Findings, tags: OwnTags, held: int) -> PreflightLine:
    against = findings.against_entries
    if against:
        only_strays = len(against) == len(findings.strays)
        return PreflightLine(
            PreflightCheck.POSITIONS,
            LineState.LOOK if only_strays else LineState.NOT,
            " · ".join(map(str, against)),
            "entries of ours that the books do not know: the start cancels them"
            if only_strays
            else _to_do(tags),
        )
    if findings.foreign:
        return PreflightLine(
            PreflightCheck.POSITIONS,
            LineState.LOOK,
            " · ".join(map(str, findings.foreign)),
            "the engine leaves it alone, but it uses the margin of the same account",
        )
    return PreflightLine(
        PreflightCheck.POSITIONS,
        LineState.OK,
        f"{held} held, all known to the books" if held else "nothing held",
    )


def _to_do(tags: OwnTags) -> str:
    elsewhere = "stop whatever else trades the account and close what is left there, or use another account"
    if tags.restored_at is None:
        return elsewhere
    taken_back = "run.py state book-entry POSITION --from FOLDER --reason TEXT"
    return f"if it was traded after the backup that was put back: {taken_back}; else {elsewhere}"
