"""The language is data: every message is a frozen value that refuses what it does not know."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from pydantic import BaseModel

import core.messages
from core.messages.market_data import SnapshotFault

MODULES = [
    importlib.import_module(f"core.messages.{found.name}")
    for found in pkgutil.iter_modules(core.messages.__path__)
]
MODELS = sorted(
    {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module.__name__
    },
    key=lambda model: model.__qualname__,
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_is_told_does_not_change_and_knows_its_fields(model: type[BaseModel]) -> None:
    assert model.model_config["frozen"]
    assert model.model_config["extra"] == "forbid"


def test_a_missing_part_is_named_by_source_part_and_kind() -> None:
    fault = SnapshotFault(source="deribit", part="get_dvol", kind="server", detail="expected 200, found 503")
    assert fault.reason == "deribit.get_dvol:server"
