"""A server that differs from the contract in words alone: its paths and names, and the way between both.

Whatever is not named here is as the contract has it. Only keys and paths are changed, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from core.contract.base import Router, health_path, tool_path

Names = Mapping[str, Mapping[str, str]]
"""By object (`""` for the whole, `quotes[]` for each row of a list), our name of a field and the server's."""
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True)
class ToolWords:
    """How a server spells one tool; None and nothing is as the contract does."""

    path: str | None = None
    request: Names = field(default_factory=dict)
    answer: Names = field(default_factory=dict)


@dataclass(frozen=True)
class ContractWords:
    """How a server spells the contract."""

    health: Mapping[Router, str] = field(default_factory=dict)
    tools: Mapping[tuple[Router, str], ToolWords] = field(default_factory=dict)

    def health_path(self, router: Router) -> str:
        """Where the router's health page is, below the host."""
        return self.health.get(router) or health_path(router)

    def tool_path(self, router: Router, tool: str) -> str:
        """Where a tool is, below the host."""
        return self._of(router, tool).path or tool_path(router, tool)

    def renames_request(self, router: Router, tool: str) -> bool:
        """Whether a request has to be written anew."""
        return bool(self._of(router, tool).request)

    def request(self, router: Router, tool: str, body: object) -> object:
        """A request in the server's words."""
        return _outwards(body, self._of(router, tool).request, "")

    def answer(self, router: Router, tool: str, body: dict[str, object]) -> dict[str, object]:
        """An answer in the contract's words.

        What the server has under the name of a field that it calls otherwise is another thing, and left out.
        """
        names = self._of(router, tool).answer
        return _object_inwards(body, names, "") if names else body

    def _of(self, router: Router, tool: str) -> ToolWords:
        return self.tools.get((router, tool), _PLAIN_TOOL)


_PLAIN_TOOL: Final = ToolWords()
AS_THE_CONTRACT: Final = ContractWords()


def _outwards(value: object, names: Names, path: str) -> object:
    if isinstance(value, list):
        return [_outwards(each, names, f"{path}[]") for each in value]
    if not isinstance(value, Mapping):
        return value
    here = names.get(path, _NONE)
    return {here.get(key, key): _outwards(part, names, _below(path, key)) for key, part in value.items()}


def _inwards(value: object, names: Names, path: str) -> object:
    if isinstance(value, list):
        return [_inwards(each, names, f"{path}[]") for each in value]
    return _object_inwards(value, names, path) if isinstance(value, dict) else value


def _object_inwards(body: dict[str, object], names: Names, path: str) -> dict[str, object]:
    here = names.get(path, _NONE)
    ours = {theirs: name for name, theirs in here.items()}
    found: dict[str, object] = {}
    for key, part in body.items():
        if key in ours or key not in here:
            name = ours.get(key, key)
            found[name] = _inwards(part, names, _below(path, name))
    return found


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
