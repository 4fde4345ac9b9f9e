"""What `contract.yaml` says, held against the contract: each key that it does not know is refused by name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from core.contract.base import Router
from core.contract.nested import is_list, model_within
from core.contract.registry import TOOLS
from core.contract.words import ContractWords, Names, ToolWords
from core.lined_yaml import KeyPath, LinedYaml
from core.text import shown, visible

_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")


class WordsReading:
    """One file, and what is wrong with it."""

    def __init__(self, source: LinedYaml, path: Path) -> None:
        self._source = source
        self._path = path
        self.complaints: list[str] = []

    def complain(self, at: KeyPath, expected: str, found: object) -> None:
        place = self._source.places.get(at, self._path)
        key = visible(".".join(str(part) for part in at))
        self.complaints.append(f"{place}: {key}: expected {expected}, found {shown(found)}")

    def words(self) -> ContractWords:
        health: dict[Router, str] = {}
        tools: dict[tuple[Router, str], ToolWords] = {}
        top = self._section((), self._source.values, ("routers",))
        for name, of_router in self._section(("routers",), top.get("routers", {}), Router).items():
            at: KeyPath = ("routers", name)
            router = Router(name)
            section = self._section(at, of_router, ("health", "tools"))
            if "health" in section:
                health[router] = self._route((*at, "health"), section["health"])
            known = [tool for of, tool in TOOLS if of is router]
            for tool, spelt in self._section((*at, "tools"), section.get("tools", {}), known).items():
                tools[router, tool] = self._tool((*at, "tools", tool), router, tool, spelt)
        self._once([*health.values(), *(tool.path for tool in tools.values() if tool.path)])
        return ContractWords(health, tools)

    def _tool(self, at: KeyPath, router: Router, tool: str, spelt: object) -> ToolWords:
        contract = TOOLS[router, tool]
        section = self._section(at, spelt, ("path", "request", "answer"))
        return ToolWords(
            path=self._route((*at, "path"), section["path"]) if "path" in section else None,
            request=self._names((*at, "request"), section.get("request", {}), contract.request),
            answer=self._names((*at, "answer"), section.get("answer", {}), contract.answer),
        )

    def _section(self, at: KeyPath, found: object, known: Iterable[str]) -> Mapping[str, Any]:
        """The mapping with the keys that are known; each other one is a complaint."""
        if not isinstance(found, Mapping):
            self.complain(at, "a mapping", found)
            return {}
        names = [str(name) for name in known]
        for key in found:
            if key not in names:
                near = difflib.get_close_matches(str(key), names, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(names)}"
                place = self._source.places.get((*at, key), self._path)
                shown = visible(".".join(str(part) for part in (*at, key)))
                self.complaints.append(f"{place}: {shown}: unknown key; {hint}")
        return {key: value for key, value in found.items() if key in names}

    def _route(self, at: KeyPath, found: object) -> str:
        if isinstance(found, str) and _PATH.fullmatch(found):
            return found
        self.complain(at, "a path below the host, such as /prices/index", found)
        return ""

    def _names(self, at: KeyPath, found: object, model: type[BaseModel]) -> Names:
        fields = dict(fields_of(model))
        names: dict[str, dict[str, str]] = {}
        for key, theirs in self._section(at, found, fields).items():
            if not isinstance(theirs, str) or _NAME.fullmatch(theirs) is None:
                self.complain((*at, key), "the server's name of the field", theirs)
                continue
            names.setdefault(fields[key], {})[key.rpartition(".")[2]] = theirs
        for place, renamed in names.items():
            rest = {key.rpartition(".")[2] for key, of in fields.items() if of == place} - set(renamed)
            for name, theirs in renamed.items():
                other = [each for each, spelt in renamed.items() if spelt == theirs and each != name]
                other += [theirs] if theirs in rest else []
                if other:
                    key = f"{place}.{name}" if place else name
                    self.complain((*at, key), f"a name of its own, as {theirs} is that of {other[0]}", theirs)
        return names

    def _once(self, paths: list[str]) -> None:
        for path in sorted({path for path in paths if path and paths.count(path) > 1}):
            self.complain(("routers",), "each path once", path)


def fields_of(model: type[BaseModel], path: str = "") -> Iterable[tuple[str, str]]:
    """Each field's path, as `run.py contract check` shows it, and that of the object in which it stands."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        key = f"{path}.{name}" if path else name
        yield key, path
        inner = model_within(field.annotation)
        if inner is not None:
            yield from fields_of(inner, f"{key}[]" if is_list(field.annotation) else key)
