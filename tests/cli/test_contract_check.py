"""`contract check` against the paper venue in this process, as it is and with other answers than its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from threading import Lock

import pytest

from actors.http import NotConnected, Response, Transport
from actors.mcp import McpClient, PaperTransport
from cli.contract_check import CheckedTool, ContractCheck, ToolVerdict
from core.contract import Router
from core.strategy import Strategy
from tests.actors.http.servers import serving
from tests.cli.support import Cli
from tests.contract.bench import BenchClock
from tests.fakes.paper import PaperInProcess, market
from tests.fakes.trading import CREDENTIALS

Change = Callable[[str, Response], Response]


class Changed:
    """A transport whose answers are changed on their way, by the tool that they are of."""

    def __init__(self, inner: Transport, change: Change, lock: Lock) -> None:
        """`lock` is one for all routers: the venue in this process answers one thread at a time."""
        self._inner = inner
        self._change = change
        self._lock = lock

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        with self._lock:
            answer = self._inner.send(method, path, headers, body, timeout_s)
            return self._change(path.rpartition("/")[2], answer)

    def close(self) -> None:
        self._inner.close()


def checked(
    change: Change = lambda _, answer: answer, pauses: list[float] | None = None
) -> list[CheckedTool]:
    venue = PaperInProcess(seed=7)
    now, lock = market().start, Lock()

    def client(router: Router) -> McpClient:
        transport = Changed(PaperTransport(venue, clock=BenchClock(now)), change, lock)
        return McpClient(router=router, transport=transport, credentials=CREDENTIALS, strategy=Strategy())

    waited = [] if pauses is None else pauses
    return ContractCheck(client, Strategy(), lambda: now, waited.append).all()


def rewritten(answer: Response, change: Callable[[dict[str, object]], object]) -> Response:
    body = json.loads(answer.body)
    change(body)
    return Response(answer.status, answer.headers, json.dumps(body).encode())


def test_the_paper_venue_answers_as_the_contract_says() -> None:
    found = checked()
    assert [(each.tool, each.why, each.differences) for each in found if not each.fine] == []
    assert [each.tool for each in found if each.verdict is ToolVerdict.NOT_ASKED] == ["get_trades_by_order"]
    assert len(found) == 25


def test_each_difference_stands_in_a_row_with_what_was_found() -> None:
    def change(tool: str, answer: Response) -> Response:
        if tool == "get_dvol":
            return rewritten(answer, lambda body: body.update(dvol=0.62))
        if tool == "get_index_price":
            return rewritten(answer, lambda body: body.update(index_price=body.pop("price")))
        if tool == "get_holdings":
            return Response(404, {}, b'{"detail": "no such tool"}')
        if tool == "get_total_equity":
            return Response(200, {}, b'{"error": "13004 invalid_credentials"}')
        return answer

    rows = {row[0]: row[1:3] for each in checked(change) if not each.fine for row in each.rows()}
    assert rows == {
        "deribit.get_index_price": ("field renamed", "price"),
        "deribit.get_dvol": ("another unit", "dvol"),
        "portfolio.get_total_equity": ("refused", ""),
        "portfolio.get_holdings": ("tool missing", ""),
    }


def test_an_answer_that_is_too_old_differs() -> None:
    def change(tool: str, answer: Response) -> Response:
        if tool != "get_index_price":
            return answer
        return rewritten(answer, lambda body: body.update(timestamp="2025-01-01T00:00:00Z"))

    [old] = [each for each in checked(change) if not each.fine]
    assert "s old, expected at most" in old.why


def test_a_server_that_asks_for_a_moment_is_asked_again_and_then_believed() -> None:
    asked: list[str] = []

    def change(tool: str, answer: Response) -> Response:
        asked.append(tool)
        if tool == "get_options_chain" and asked.count(tool) == 1:
            return Response(503, {"retry-after": "1"}, b'{"detail": "chain warming: 20 of 44"}')
        return Response(503, {}, b"{}") if tool == "get_fx_rate" else answer

    pauses: list[float] = []
    bad = [each for each in checked(change, pauses) if not each.fine]
    assert [(each.tool, each.verdict) for each in bad] == [("get_fx_rate", ToolVerdict.FAILED)]
    assert (asked.count("get_options_chain"), asked.count("get_fx_rate"), len(pauses)) == (2, 3, 3)


def test_the_command_shows_a_host_that_has_no_tools_and_ends_with_1(cli: Cli) -> None:
    none = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"

    def serve(connection: object) -> None:
        while connection.recv(65_536):  # type: ignore[attr-defined]
            connection.sendall(none)  # type: ignore[attr-defined]

    with serving(serve) as port:
        cli.set(MCP_URL=f"http://127.0.0.1:{port}", MCP_TOKEN="s3cret-token")
        ran = cli("contract", "check", "--json")
    assert ran.code == 1
    found = json.loads(ran.out)["tools"]
    assert {each["verdict"] for each in found} == {"tool missing", "not asked"}
    assert "s3cret-token" not in ran.out + ran.err


@pytest.mark.parametrize("error", [NotConnected("refused")])
def test_a_host_that_is_not_there_has_no_answers(error: Exception) -> None:
    def change(tool: str, answer: Response) -> Response:
        raise error

    assert {each.verdict for each in checked(change)} == {ToolVerdict.FAILED, ToolVerdict.NOT_ASKED}
