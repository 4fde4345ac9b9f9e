"""What commands load that a person types and waits for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOW_LOADED = "import sys; print('loaded', *(name for name in {asked} if name in sys.modules))"
CLOSED_PORT = "http://127.0.0.1:1"


def loaded(text: str, *asked: str, **variables: str) -> list[str]:
    """Which of the asked modules a process has loaded that ran the text."""
    done = subprocess.run(
        [sys.executable, "-c", f"{text}\n{SHOW_LOADED.format(asked=asked)}"],
        check=True,
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, **variables},
    )
    return done.stdout.splitlines()[-1].split()[1:]


def test_ping_loads_no_channel_if_there_is_none_and_no_library_for_its_table() -> None:
    assert loaded(
        "from cli.main import main; assert main(['ping']) == 1",
        "actors.http",
        "actors.alerting.letter",
        "actors.phone.bot",
        "core.contract.deribit_trading",
        "rich",
        CERBERO_BITE_MCP_URL=CLOSED_PORT,
        CERBERO_BITE_MCP_TOKEN="any",
    ) == ["actors.http"]


def test_the_live_view_of_an_engine_loads_none_of_what_runs_one() -> None:
    assert loaded(
        "import cli.watching", "cli.views.live", "actors.runtime", "core.messages.mcp", "pykka"
    ) == ["cli.views.live"]


def test_the_core_road_of_a_backtest_loads_no_message_and_no_database() -> None:
    """They take as long to import as a month takes to run (docs/decisions/backtest-road.md)."""
    assert loaded("import lab.backtest.running", "lab.backtest.road", "core.messages", "sqlite3") == [
        "lab.backtest.road"
    ]


PLUGIN = """
class Plugin:
    def new_schema_validator(self, *schema, **of_what):
        return None, None, None

plugin = Plugin()
"""


@pytest.mark.parametrize(("text", "found"), [("", ["planted"]), ("import cli.main", [])])
def test_no_plugin_of_pydantic_takes_part(tmp_path: Path, text: str, found: list[str]) -> None:
    (tmp_path / "planted.py").write_text(PLUGIN, "utf-8")
    about = tmp_path / "planted-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1\n", "utf-8")
    (about / "entry_points.txt").write_text("[pydantic]\nplanted = planted:plugin\n", "utf-8")
    assert loaded(f"{text}\nimport core.values", "planted", PYTHONPATH=str(tmp_path)) == found
