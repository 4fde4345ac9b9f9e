"""Things that are defined once: a class name means one class, and routers are listed in one place."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest

from core.contract import Router
from core.strategy import Strategy
from gateway.paper.engine_defaults import IV_OVER_DVOL, forward_off_max
from tests.tidy.sources import PRODUCTION, files, name_of, parsed, walked

ROUTERS_STAND_IN = "core/contract/base.py"
ALSO_SOMETHING_ELSE = {
    # An exchange whose funding is read.
    ("core/market/funding.py", "hyperliquid"),
    ("gateway/paper/recorded.py", "hyperliquid"),
    # A file of the contract, which is looked through early.
    ("core/contract/__init__.py", "portfolio"),
}

TWICE = {
    # The runtime imports nothing of ours: it has a protocol of a question, the messages have the class.
    "Question": ["actors/runtime/actor/mail.py", "core/messages/base.py"],
}


def test_no_class_has_the_name_of_another() -> None:
    """A name then tells which class it is, and no import needs an `as`."""
    found = defaultdict(list)
    for path in files(*PRODUCTION):
        for name in re.findall(r"^class (\w+)", path.read_text("utf-8"), re.MULTILINE):
            found[name].append(name_of(path))
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == TWICE


def constants(folder: str) -> dict[tuple[str, str], str]:
    """Where each constant of a folder's modules stands, by its name (private or not) and its value."""
    return {
        (target.id.lstrip("_"), ast.unparse(node.value)): name_of(path)
        for path in files(folder)
        for node in parsed(path).body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }


NO_RULE = {"HOUR", "DAY", "EPOCH", "WEEKDAYS", "SEED"}
"""Units, which are what they are whoever names them, and the seeds of unrelated draws."""


def test_what_both_roads_go_by_is_said_once() -> None:
    """A number that a backtest shares with the engine stands in `core`: changed on one road alone, it would
    part them."""
    engine = constants("core") | constants("actors")
    twice = {
        name: (path, engine[name, value])
        for (name, value), path in constants("lab/backtest").items()
        if (name, value) in engine and name not in NO_RULE and not value.startswith("TypeVar(")
    }
    assert twice == {}


def texts(path: Path) -> set[str]:
    """The string constants of a file."""
    return {
        node.value
        for node in walked(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_routers_are_listed_in_the_contract_alone() -> None:
    """A new router is named there, described beside it, and served by the paper venue, and nowhere else."""
    routers = {router.value for router in Router}
    naming = [path for path in files(*PRODUCTION) if any(name in path.read_text("utf-8") for name in routers)]
    found = {
        (name_of(path), text)
        for path in naming
        for text in texts(path) & routers
        if name_of(path) != ROUTERS_STAND_IN
    }
    assert found == ALSO_SOMETHING_ELSE


JUDGED_BY_DEFAULTS = "gateway/paper/engine_defaults.py"


def test_a_record_is_judged_by_the_settings_and_by_no_number_beside_them() -> None:
    """A default that is changed in `core/strategy.py` changes what `data check` says of a record."""
    [path] = [path for path in files(*PRODUCTION) if name_of(path) == JUDGED_BY_DEFAULTS]
    numbers = [
        node.value
        for node in walked(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    ]
    assert numbers == []
    anomalies = Strategy().anomalies
    assert (anomalies.atm_iv_over_dvol_min, anomalies.atm_iv_over_dvol_max) == IV_OVER_DVOL
    assert forward_off_max(timedelta(0)) == anomalies.basis_max_frac
    assert forward_off_max(timedelta(days=365)) == pytest.approx(
        anomalies.basis_max_frac + anomalies.basis_max_frac_per_year
    )
