"""The table of series keeps to Prometheus's naming rules and to a bound, and its labels know every value."""

from __future__ import annotations

import ast
import re
from enum import StrEnum
from math import isnan

import pytest

from actors import names
from core.contract.base import Router
from core.market import own_snapshots
from core.messages import kill_switch
from core.rules.entry.protections import LATCHED, REST
from reading.metrics import table
from reading.metrics.from_status import PROTECTIONS
from reading.metrics.labels import ActorLabel, Protection, SuspendedBy
from reading.metrics.series import PREFIX, Figures, Series
from tests.tidy.sources import files, parsed

NOT_A_BASE_UNIT = re.compile(r"_(ms|millis\w*|minutes|hours|days|kb|mb|kib|mib|percentage)(_|$)")


@pytest.mark.parametrize("series", table.TABLE, ids=lambda series: series.name)
def test_a_name_follows_the_rules(series: Series) -> None:
    assert re.fullmatch(r"cerbero_bite_[a-z][a-z0-9]*(_[a-z0-9]+)*", series.name)
    assert series.name.endswith("_total") == (series.kind == "counter")
    assert not NOT_A_BASE_UNIT.search(series.name)
    assert not re.search(r"_(gauge|counter|metric|created|bucket|sum|count|info)$", series.name)
    if series.label is not None:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", series.label.name)
        assert issubclass(series.label.values, StrEnum), "a label's values are a closed list"
    assert series.says[0].isupper() or series.says[0] == "1"
    assert series.says.endswith(".")


def test_no_more_series_than_may_be_and_none_twice() -> None:
    assert len({series.name for series in table.TABLE}) == len(table.TABLE)
    assert sum(len(series.keys) for series in table.TABLE) <= table.SERIES_MAX


def test_every_series_of_the_module_is_in_a_chapter() -> None:
    declared = {value for value in vars(table).values() if isinstance(value, Series)}
    assert declared == set(table.TABLE)


def test_every_room_has_a_label() -> None:
    rooms = {name.text for name in vars(names).values() if isinstance(name, names.ExactName)}
    rooms |= {names.mcp(router).text for router in Router}
    assert rooms == {actor.value for actor in ActorLabel} - {ActorLabel.OTHER.value}
    assert ActorLabel.of("of_another_version") is ActorLabel.OTHER


SHARED = {
    name: str(value)
    for name, value in (vars(kill_switch) | vars(own_snapshots)).items()
    if name.endswith("_SOURCE")
}
"""The sources that several rooms name, or a room and a backtest."""


def sources_named(tree: ast.Module) -> set[str]:
    """The sources, up to a colon, of whatever suspends entries in a module."""
    texts = {
        target.id: text
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and (text := beginning(node.value)) is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    given = [
        word.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "SuspendEntries"
        for word in node.keywords
        if word.arg == "source"
    ]
    return {
        (texts | SHARED)[value.id] if isinstance(value, ast.Name) else str(beginning(value))
        for value in given
    }


def beginning(value: ast.expr | None) -> str | None:
    """What a text begins with, up to a colon or to what is put in; None for what is no text."""
    if isinstance(value, ast.JoinedStr):
        value = value.values[0]
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return None
    return value.value.partition(":")[0]


def test_every_source_of_a_suspension_has_a_label() -> None:
    suspending = [path for path in files("actors") if "SuspendEntries(" in path.read_text("utf-8")]
    found = {source for path in suspending for source in sources_named(parsed(path))}
    assert found == {source.value for source in SuspendedBy} - {SuspendedBy.OTHER.value}
    assert SuspendedBy.of("parked:root/feeds/mcp.macro") is SuspendedBy.PARKED
    assert SuspendedBy.of("of_another_version") is SuspendedBy.OTHER


def test_every_protection_has_a_label() -> None:
    assert set(PROTECTIONS) == LATCHED | {REST}
    assert {protection for protection, _, _ in PROTECTIONS.values()} == set(Protection)


def test_what_is_not_put_is_not_a_number_and_what_is_unknown_is_refused() -> None:
    figures = Figures(table.TABLE)
    assert all(isnan(value) for values in figures.values.values() for value in values.values())
    figures.put(table.UP, None)
    assert isnan(figures.values[table.UP][""])
    with pytest.raises(KeyError, match=r"expected one of OK, LOOK, ACT, found 'BAD'"):
        figures.mark(table.VERDICT, ("BAD",))
    with pytest.raises(KeyError):
        figures.put(Series(f"{PREFIX}else", "gauge", "Something else."), 1.0)
