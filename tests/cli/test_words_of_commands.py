"""What a command says of itself: sentences, the version, completion, and where its folder comes from."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_group

from cli.main import COMMANDS, GROUPS, app, first_sentence_of, main
from cli.sentences import first_sentence
from cli.views.say import DATA_DIR_VARIABLE
from config import VARIABLES, code_version
from config.environment import DATA_DIR
from tests.cli.support import ROOT, Cli

TOO_SHORT = 4
"""Words of a sentence at least."""


def commands() -> Iterator[tuple[str, object]]:
    for name, module in COMMANDS.items():
        yield name, get_group(importlib.import_module(module).app).commands[name]
    for group, module in GROUPS.items():
        for name, command in get_group(importlib.import_module(module).app).commands.items():
            yield f"{group} {name}", command


EVERY = dict(commands())


@pytest.mark.parametrize("name", EVERY)
def test_every_help_is_made_of_whole_sentences(name: str) -> None:
    command = EVERY[name]
    text = command.help or ""  # type: ignore[attr-defined]
    first = text.split("\n\n")[0]
    assert first[0].isupper(), name
    assert first.rstrip().endswith((".", f"Example: run.py {name}")) or "Example: run.py" in first, name
    assert "Example: run.py" in text, name
    for option in command.params:  # type: ignore[attr-defined]
        words = getattr(option, "help", None)
        if words is None or option.name == "help":
            continue
        assert words[0].isupper() or words[0].isdigit() or words[0] == "-", (name, option.name, words)
        assert words.rstrip().endswith((".", "]")), (name, option.name, words)
        assert len(words.split()) >= TOO_SHORT, (name, option.name, words)


@pytest.mark.parametrize("name", [*COMMANDS, *GROUPS])
def test_the_list_of_commands_has_a_whole_sentence_of_each(name: str) -> None:
    words = first_sentence_of(name)
    assert words.endswith("."), words
    assert len(words.split()) > TOO_SHORT


def test_the_version_is_that_of_the_rules(cli: Cli) -> None:
    ran = cli("--version")
    assert (ran.code, ran.out) == (0, f"cerbero-bite {code_version()}\n")


def completed(words: str, name: str = "run.py") -> list[str]:
    variable = f"_{name.replace('-', '_').upper()}_COMPLETE"
    asked = {
        variable: "complete_bash",
        "COMP_WORDS": f"{name} {words}",
        "COMP_CWORD": str(len(words.split(" "))),
    }
    code = f"import sys; sys.argv = [{name!r}]; from cli.main import main; sys.exit(main())"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **asked, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return ran.stdout.split()


def test_a_shell_completes_commands_and_their_commands() -> None:
    assert completed("sta", "cerbero-bite") == ["start", "status", "state"]
    assert "positions" in completed("state po")


def test_the_folder_comes_from_the_variable_unless_it_is_named(cli: Cli, tmp_path: Path) -> None:
    assert DATA_DIR_VARIABLE == DATA_DIR
    assert DATA_DIR in VARIABLES
    cli.monkeypatch.chdir(tmp_path)
    named, other = tmp_path / "named", tmp_path / "other"
    cli.set(DATA_DIR=str(named))
    assert str(named) in cli("status").err
    assert str(other) in cli("status", "--data-dir", other).err
    cli.set(DATA_DIR="")
    assert "no engine runs on data;" in cli("status").err


def test_every_command_with_a_data_folder_heeds_the_variable() -> None:
    """The folder of a venue is another one: an engine there would be a stranger's."""
    without = [
        name
        for name, command in EVERY.items()
        for option in command.params  # type: ignore[attr-defined]
        if "--data-dir" in getattr(option, "opts", ()) and option.envvar != DATA_DIR
    ]
    assert without == ["venue", "gateway sim"]


def test_the_app_is_the_one_that_is_tested() -> None:
    assert isinstance(app, typer.Typer)


@pytest.mark.parametrize("columns", [60, 72, 80])
@pytest.mark.parametrize("page", ["", *GROUPS])
def test_no_list_of_commands_is_cropped(
    page: str, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main([*page.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= columns
    words = " ".join(shown.split())
    assert "..." not in words.replace("[ARGS]...", "")
    names = [name for name in EVERY if name.startswith(f"{page} ")] if page else [*COMMANDS, *GROUPS]
    for name in names:
        sentence = first_sentence(EVERY[name].help) if page else first_sentence_of(name)  # type: ignore[attr-defined]
        assert f"{name.removeprefix(f'{page} ')} {sentence}" in words


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("name", EVERY)
def test_no_help_page_is_cropped(
    name: str, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main([*name.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if line.endswith("...")] == []
    words = " ".join(shown.split())
    for param in EVERY[name].params:  # type: ignore[attr-defined]
        if getattr(param, "help", None):
            assert " ".join(param.help.split()) in words, param.name
