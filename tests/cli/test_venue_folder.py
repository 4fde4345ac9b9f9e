"""The account of a simulated venue is one venue's at a time, and the next one's when that has ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.paper import process
from gateway.sim import server
from tests.cli.support import Cli


@pytest.mark.parametrize("command", [("venue",), ("gateway", "sim")], ids=" ".join)
def test_two_venues_do_not_keep_one_account(cli: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    folder = tmp_path / "new" / "venue"
    runs: list[int] = []

    def while_one_runs(*_arguments: object) -> None:
        if runs:
            runs.append(2)
            return
        runs.append(1)
        second = cli(*command, "--data-dir", folder)
        assert (second.code, second.out) == (2, "")
        assert second.err == (
            f"error: --data-dir {folder}: expected an account that no other venue keeps, found one in use; "
            "nothing was changed\n"
        )

    cli.monkeypatch.setattr(process, "main", while_one_runs)
    cli.monkeypatch.setattr(server, "run", while_one_runs)
    assert cli(*command, "--data-dir", folder).code == 0
    assert runs == [1]
    assert cli(*command, "--data-dir", folder).code == 0
    assert runs == [1, 2]
