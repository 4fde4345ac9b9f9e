"""The OpenAPI document, generated from the contract's models so that it can't contradict the code."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from core.contract import TOOLS, Failure, HealthAnswer, OrderAnswer, Router, SoftError, health_path, tool_path

REFERENCE: Final = "#/components/schemas/{model}"
_HEADERS: Final = (
    ("X-Bot-Tag", True, "1 to 64 characters, not blank"),
    ("X-Correlation-Id", False, "the cycle's id"),
    ("X-Paper-Now", False, "driven mode only: the market time of the request, ISO-8601 UTC"),
)
_FAILURES: Final = {
    "401": "the bearer token is missing or wrong",
    "404": "no such tool",
    "422": "the request contradicts the contract; `detail` names the field",
    "503": "the record is over",
}


def contract_openapi(version: str) -> dict[str, object]:
    """The OpenAPI 3.1 document of every router's health page and of every tool."""
    models: list[type[BaseModel]] = [HealthAnswer, Failure, SoftError, OrderAnswer]
    for contract in TOOLS.values():
        models += [contract.request, contract.answer]
    unique = dict.fromkeys(models)
    in_requests = {contract.request for contract in TOOLS.values()}
    _, schemas = models_json_schema(
        [(model, "validation" if model in in_requests else "serialization") for model in unique],
        ref_template=REFERENCE,
    )
    paths: dict[str, object] = {health_path(router): {"get": _health(router)} for router in Router}
    for (router, tool), contract in TOOLS.items():
        paths[tool_path(router, tool)] = {
            "post": _tool(router, tool, contract.request.__name__, contract.answer)
        }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cerbero MCP V2",
            "version": version,
            "description": "200 with a non-blank `error` is a soft error: the venue was reached and refused.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"bearer": []}],
    }


def _health(router: Router) -> dict[str, object]:
    return {
        "operationId": f"{router}_health",
        "tags": [router],
        "responses": {"200": _response("the router answers", HealthAnswer)},
    }


def _tool(router: Router, tool: str, request: str, answer: type[BaseModel]) -> dict[str, object]:
    responses = {"200": _response((answer.__doc__ or tool).strip().splitlines()[0], answer)}
    responses |= {status: _response(text, Failure) for status, text in _FAILURES.items()}
    if tool == "place_combo_order":
        responses["409"] = _response("the label was seen before: the order that stands under it", answer)
    return {
        "operationId": f"{router}_{tool}",
        "tags": [router],
        "parameters": [
            {"name": n, "in": "header", "required": r, "description": d, "schema": {"type": "string"}}
            for n, r, d in _HEADERS
        ],
        "requestBody": {"required": True, "content": _content(request)},
        "responses": responses,
    }


def _response(description: str, model: type[BaseModel]) -> dict[str, object]:
    return {"description": description, "content": _content(model.__name__)}


def _content(model: str) -> dict[str, object]:
    return {"application/json": {"schema": {"$ref": REFERENCE.format(model=model)}}}
