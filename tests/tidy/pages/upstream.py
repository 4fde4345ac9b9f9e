"""docs/upstream.md: routers, tools, headers, and what each answer of the upstream host means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from actors.http import HttpTransport, Response
from actors.mcp import McpClient, McpCredentials
from actors.mcp.cleaned import clean
from actors.mcp.client import parsed
from actors.mcp.reasons import MAINTENANCE
from actors.mcp.retries import wait_before_next_s
from core.contract import CHANGING_TOOLS, REQUIRED_FEATURES, TOOLS, Router, ToolAnswer, ToolRequest
from core.contract.base import health_path, tool_path
from core.errors import McpError
from core.redaction import Redactor
from core.strategy import Strategy
from gateway.shell.openapi import contract_openapi
from tests.tidy.pages.marked import Page, code, first_line, table

STATUSES = (200, 302, 400, 401, 403, 404, 408, 409, 422, 429, 500, 503)
SOFT = b'{"error": "the venue refused"}'
NEEDED_FOR = {
    "valid_until": "an order carries the moment until which the venue may take it up: a late one is dropped",
    "label_lookup": "an order whose answer was lost is found by its label (`get_order_by_label`)",
    "order_history": "final orders, also those with nothing filled, are listed (`get_order_history`)",
}


def routers() -> str:
    rows = (
        (
            code(router.value),
            code(health_path(router)),
            str(sum(found is router for found, _ in TOOLS)),
            code(tool_path(router, "TOOL")),
        )
        for router in Router
    )
    return table(("router", "health page (GET)", "tools", "a tool (POST)"), rows)


def tools() -> str:
    return "\n".join(
        f"### {router.value}\n\n"
        + table(("tool", "takes", "answers", "changes"), (tuple(row) for row in _tools(router)))
        for router in Router
    )


def _tools(router: Router) -> Iterator[tuple[str, str, str, str]]:
    for (of, name), tool in TOOLS.items():
        if of is router:
            yield code(name), takes(tool.request), answers(tool.answer), _changes(name)


def takes(request: type[ToolRequest]) -> str:
    """The fields of a request; what may be left out with its default."""
    return ", ".join(
        code(name)
        if field.is_required()
        else code(f"{name}={'null' if field.default is None else field.default}")
        for name, field in request.model_fields.items()
    )


def answers(answer: type[ToolAnswer]) -> str:
    fields = ", ".join(code(name) for name in answer.model_fields if name not in ("error", "unread"))
    return f"{first_line(answer.__doc__)} {fields}"


def _changes(name: str) -> str:
    if name == "place_combo_order":
        return "yes; sent once, under a permit"
    return "yes" if name in CHANGING_TOOLS else "no"


def headers() -> str:
    """Those that the engine sends, and those of which the contract's document says more."""
    document: Any = contract_openapi("1")
    parameters = {
        each["name"]: each
        for path in document["paths"].values()
        for operation in path.values()
        for each in operation.get("parameters", ())
    }
    scheme = document["components"]["securitySchemes"]["bearer"]["scheme"]
    rows = [(code("Authorization"), "yes", f"`{scheme.title()} ` and the token of `CERBERO_BITE_MCP_TOKEN`")]
    rows += [
        (code(name), "yes" if each["required"] else "no", each["description"])
        for name, each in parameters.items()
    ]
    return table(("header", "required", "what it holds"), rows)


def statuses() -> str:
    """What the engine's client makes of each answer."""
    rows = [(code(str(status)), *_meaning(_of_status(status))) for status in STATUSES]
    rows.insert(1, ("`200` with `error`", *_meaning(_of_soft_error())))
    return table(("answer", "what the engine makes of it", "a read is tried again"), rows)


def _meaning(error: McpError | None) -> tuple[str, str]:
    if error is None:
        return "the answer, if it holds what the contract says", "–"
    wait_s = wait_before_next_s(1, error)
    again = "no" if wait_s is None else f"after {_waits(error)} s, then no more"
    return f"{code(type(error).__name__)}: {first_line(type(error).__doc__)}", again


def _waits(error: McpError) -> str:
    waits: list[str] = []
    while (wait_s := wait_before_next_s(len(waits) + 1, error)) is not None:
        waits.append(f"{wait_s:g}")
    return ", ".join(waits)


def _client() -> McpClient:
    """One that sends nothing: only its judgement of an answer is asked for."""
    return McpClient(
        router=Router.DERIBIT,
        transport=HttpTransport("http://127.0.0.1:1"),
        credentials=McpCredentials(token="none", bot_tag="none"),
        strategy=Strategy(),
    )


def _of_status(status: int) -> McpError | None:
    answer = clean(Response(status, {}, b'{"detail": "why"}'), Redactor())
    try:
        _client().raise_for_status(answer, "tool")
    except McpError as error:
        return error
    return None


def _of_soft_error() -> McpError | None:
    try:
        parsed(clean(Response(200, {}, SOFT), Redactor()), "tool")
    except McpError as error:
        return error
    return None


def features() -> str:
    rows = ((code(each), NEEDED_FOR[each]) for each in sorted(REQUIRED_FEATURES))
    return table(("feature", "what it is needed for"), rows)


def maintenance() -> str:
    return table(("code", "word"), ((code(number), code(word)) for number, word in MAINTENANCE.items()))


PAGE = Page(
    "upstream.md",
    {
        "Routers": routers,
        "Headers": headers,
        "Answers": statuses,
        "Features": features,
        "Maintenance": maintenance,
        "Tools": tools,
    },
)
