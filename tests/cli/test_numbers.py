"""A number on the command line is read in one way only; any other text is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.main import get_group

from cli.exit_codes import ExitCode
from cli.main import COMMANDS, GROUPS, app
from core.errors import InputError
from gateway.paper.assumptions import Assumptions
from gateway.paper.faults import FaultSpec
from tests.cli.support import Cli

STRANGE = [
    "1_0",
    "\u0661",
    "\uff11",
    " 1",
    "1 ",
    "nan",
    "inf",
    "1e999",
    "0x1",
    "1,5",
    "",
    "1\n",
    "-",
    "9" * 5000,
]


def commands(of: Any, *path: str) -> list[tuple[tuple[str, ...], Any]]:
    below = getattr(of, "commands", {})
    return [found for name, one in below.items() for found in commands(one, *path, name)] or [(path, of)]


ROOT: Any = get_group(app)
EVERY: list[tuple[tuple[str, ...], Any]] = [
    found for name in (*COMMANDS, *GROUPS) for found in commands(ROOT.get_command(None, name), name)
]
NUMBERS = [
    (*path, parameter.opts[0])
    for path, command in EVERY
    for parameter in command.params
    if parameter.type_descriptor.annotation in (int, float)
]


OTHERS = {"data": ("x",), "inject": ("RunEntryCycle",), "state book-exit": ("p-1",)}
"""What a command wants beside the number."""


def given_as(name: str, text: str) -> tuple[str, ...]:
    if name.startswith("--"):
        return (f"{name}={text}",)
    return (name, text) if name.startswith("-") else (text,)


def test_the_numbers_of_all_commands_are_found() -> None:
    assert ("paper", "--days") in NUMBERS
    assert ("venue", "--port") in NUMBERS
    assert ("audit", "show", "seq") in NUMBERS
    assert ("data", "check", "--max-gap-h") in NUMBERS


@pytest.mark.parametrize("number", NUMBERS, ids=" ".join)
def test_a_text_that_only_python_takes_for_a_number_is_refused(
    cli: Cli, tmp_path: Path, number: tuple[str, ...]
) -> None:
    cli.monkeypatch.chdir(tmp_path)
    *path, name = number
    for text in STRANGE:
        others = OTHERS.get(" ".join(path), OTHERS.get(path[0], ()))
        ran = cli(*path, *others, *given_as(name, text))
        told = " ".join(ran.err.split())
        assert ran.code == 2, (text, ran.out)
        assert (name if name.startswith("-") else name.upper()) in told
        assert "expected a " in told
        assert "found " in told
        assert "Traceback" not in told


@pytest.mark.parametrize("pair", ["touch_size=1_0", "touch_size=\u0661", "eur_usd= 1", "max_gap_h=nan"])
def test_an_assumed_number_is_refused_likewise(pair: str) -> None:
    with pytest.raises(InputError, match=f"--assume {pair.partition('=')[0]}: expected a number, found"):
        Assumptions.parse((pair,))


@pytest.mark.parametrize("rate", ["0.1_0", "\u0661", " 1", "nan", "1e999"])
def test_the_rate_of_a_fault_is_refused_likewise(rate: str) -> None:
    with pytest.raises(InputError, match="--fault: expected a rate from 0 to 1, found"):
        FaultSpec.parse(f"deribit:crash:{rate}")


@pytest.mark.parametrize("text", ["0.0_1", "\u0661", " 1", "1e999", "nan"])
def test_a_number_of_a_calculation_is_refused_likewise(cli: Cli, text: str) -> None:
    ran = cli("calc", "fees", "--price-eth", text)
    assert ran.code == 2
    assert "price_eth: expected a finite number, found" in ran.err


@pytest.mark.parametrize("command", ["report", "data export", "backtest --model", "sweep --model"])
@pytest.mark.parametrize("text", ["x", "2026-13-01", "2026-02-30", "01/02/2026"])
def test_a_day_that_is_none_is_refused_with_an_example(cli: Cli, command: str, text: str) -> None:
    refused = cli(*command.split(), "--from", text)
    assert refused.code == ExitCode.BAD_INPUT
    assert f"'--from': expected a day such as 2026-01-05, found '{text}'" in " ".join(refused.err.split())
