"""Asks every tool that changes nothing once, and holds what was answered against the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Any, Final, Protocol

from pydantic import BaseModel, JsonValue

from core.conformance.compared import FieldDifference, compared
from core.conformance.questions import NOT_ASKED, AnsweredSoFar, of_router
from core.contract import Router, Tool
from core.contract.asked import other_than_asked
from core.errors import McpError, McpRateLimitError, McpServerError, McpSoftError, McpToolNotFoundError
from core.market.freshness import age_problem
from core.strategy import Strategy

TRIES_MAX: Final = 3
"""Some servers gather a chain in more than one try."""
PAUSE_S, PAUSE_MAX_S = 1.0, 5.0


class ToolVerdict(StrEnum):
    """What a tool's answer is, in the words in which it is shown."""

    AGREES = "as the contract says"
    DIFFERS = "differs"
    NO_TOOL = "tool missing"
    REFUSED = "refused"
    FAILED = "no answer"
    NOT_ASKED = "not asked"


FINE: Final = frozenset({ToolVerdict.AGREES, ToolVerdict.NOT_ASKED})


@dataclass(frozen=True)
class CheckedTool:
    """One tool: `why` is the server's or our own sentence if nothing could be compared."""

    router: Router
    tool: str
    verdict: ToolVerdict
    differences: tuple[FieldDifference, ...] = ()
    why: str = ""

    @property
    def fine(self) -> bool:
        return self.verdict in FINE

    def rows(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Tool, verdict, field, what is expected, what was found: one row a difference."""
        name = f"{self.router}.{self.tool}"
        if not self.differences:
            yield name, self.verdict, "", "", self.why
        for each in self.differences:
            found = each.found
            if each.of:
                found += f", in {each.rows} of {each.of} rows"
            yield name, each.kind, each.field, each.expected, found

    def as_json(self) -> dict[str, JsonValue]:
        return {
            "router": self.router,
            "tool": self.tool,
            "verdict": self.verdict,
            "why": self.why or None,
            "differences": [each.model_dump(mode="json") for each in self.differences],
        }


class ToolBodies(Protocol):
    """One router's tools, of which this takes the bodies. Raises `McpError`."""

    def body(self, tool: str, request: BaseModel, *, correlation: str) -> dict[str, object]: ...


class ContractCheck:
    """One check of one host."""

    def __init__(
        self,
        clients: Callable[[Router], ToolBodies],
        strategy: Strategy,
        clock: Callable[[], datetime],
        pause: Callable[[float], None],
    ) -> None:
        """`pause` waits that many seconds before a tool is asked again."""
        self._clients = clients
        self._strategy = strategy
        self._clock = clock
        self._pause = pause

    def all(self) -> list[CheckedTool]:
        """Every tool, by router. Routers are asked at once, so that a host that hangs costs one's time."""
        with ThreadPoolExecutor(len(Router)) as pool:
            return list(chain.from_iterable(pool.map(self._of_router, Router)))

    def _of_router(self, router: Router) -> list[CheckedTool]:
        known, found = AnsweredSoFar(self._clock()), []
        client = self._clients(router)
        for tool, question in of_router(router):
            request = question(known)
            if request is None:
                found.append(CheckedTool(router, tool.name, ToolVerdict.NOT_ASKED, why=NOT_ASKED[tool.name]))
                continue
            try:
                body = self._asked(client, tool.name, request)
            except McpToolNotFoundError as error:
                found.append(CheckedTool(router, tool.name, ToolVerdict.NO_TOOL, why=str(error)))
            except McpSoftError as error:
                found.append(CheckedTool(router, tool.name, ToolVerdict.REFUSED, why=str(error)))
            except McpError as error:
                found.append(CheckedTool(router, tool.name, ToolVerdict.FAILED, why=str(error)))
            else:
                known = known.learnt(tool.name, body)
                found.append(self._judged(router, tool, request, body))
        return found

    def _asked(self, client: ToolBodies, tool: str, request: BaseModel) -> dict[str, object]:
        for _ in range(TRIES_MAX - 1):
            try:
                return client.body(tool, request, correlation="contract-check")
            except McpRateLimitError as error:
                self._pause(min(error.retry_after_s, PAUSE_MAX_S))
            except McpServerError:
                self._pause(PAUSE_S)
        return client.body(tool, request, correlation="contract-check")

    def _judged(
        self, router: Router, tool: Tool[Any, Any], request: BaseModel, body: dict[str, object]
    ) -> CheckedTool:
        differences = compared(tool.answer, body)
        if differences:
            return CheckedTool(router, tool.name, ToolVerdict.DIFFERS, differences)
        answer = tool.answer.model_validate(body)
        problem = other_than_asked(request, answer) or age_problem(answer, self._clock(), self._strategy)
        if problem is not None:
            return CheckedTool(router, tool.name, ToolVerdict.DIFFERS, why=problem)
        return CheckedTool(router, tool.name, ToolVerdict.AGREES)
