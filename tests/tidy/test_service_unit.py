"""The unit of systemd: it is well-formed, gives few rights, and starts again what another start may mend."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from tests.cli.support import ended, started
from tests.tidy.sources import ROOT

UNIT = ROOT / "packaging" / "cerbero-bite.service"
METRICS_UNIT = ROOT / "packaging" / "cerbero-bite-metrics.service"
EXPOSURE_MAX = 20
"""Of 100, as `systemd-analyze security` counts; it calls up to 24 "OK"."""
CLEAN_SIGNALS = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE}
"""An end by one of these is a clean one: systemd.service(5), `SuccessExitStatus=`."""


class _Unit(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


def service() -> dict[str, str]:
    """The settings of the service that stand once."""
    unit = _Unit(strict=False)
    unit.read(UNIT, "utf-8")
    assert unit["Unit"]["StartLimitIntervalSec"] == "0", "it never gives up"
    return dict(unit["Service"])


def starts_again(settings: dict[str, str], code: int) -> bool:
    """What systemd does after an exit code, or the negative number of a signal: systemd.service(5)."""
    assert settings["Restart"] == "on-failure"
    assert "SuccessExitStatus" not in settings
    if code == 0 or -code in CLEAN_SIGNALS:
        return False
    return str(code) not in settings["RestartPreventExitStatus"].split()


def supervise(start: Callable[[], int], starts_max: int) -> list[int]:
    """Start again as the unit says, without its pause; the code of every end."""
    settings, codes = service(), [start()]
    while starts_again(settings, codes[-1]) and len(codes) < starts_max:
        codes.append(start())
    return codes


def ending_with(code: int) -> Callable[[], int]:
    how = f"import os; os._exit({code})" if code >= 0 else f"import os; os.kill(os.getpid(), {-code})"
    return lambda: subprocess.run([sys.executable, "-S", "-c", how], check=False).returncode


@pytest.mark.parametrize(
    ("code", "starts"),
    [
        (ExitCode.OK, 1),
        (ExitCode.FOUND_WRONG, 3),
        (ExitCode.BAD_INPUT, 1),
        (ExitCode.NOT_RUNNING, 3),
        (-signal.SIGKILL, 3),
        (-signal.SIGSEGV, 3),
        (-signal.SIGTERM, 1),
    ],
)
def test_each_end_is_started_again_or_not(code: int, starts: int) -> None:
    assert supervise(ending_with(code), 3) == [code] * starts


def test_a_start_that_is_refused_is_not_started_again(tmp_path: Path) -> None:
    """The real one: nothing is set, so that a person has to do something."""
    codes = supervise(lambda: ended(started("start", "--data-dir", tmp_path / "data")).code, 3)
    assert codes == [ExitCode.BAD_INPUT]


@pytest.fixture(params=[UNIT, METRICS_UNIT], ids=lambda unit: unit.stem)
def unit_here(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy that starts what is on this machine."""
    unit: Path = request.param
    text, changed = re.subn(
        r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable} run.py", unit.read_text("utf-8")
    )
    assert changed == 1
    path = tmp_path / unit.name
    path.write_text(text, "utf-8")
    return path


def analyzed(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not on this machine")
    return subprocess.run([program, *arguments], capture_output=True, encoding="utf-8", check=False)


def test_systemd_finds_no_fault_in_it(unit_here: Path) -> None:
    ran = analyzed("verify", "--man=no", str(unit_here))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_systemd_counts_few_rights(unit_here: Path) -> None:
    ran = analyzed("security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE_MAX}", str(unit_here))
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_figures_are_shown_for_as_long_as_the_machine_runs() -> None:
    """Whoever looks at them has to see that the engine is dead: they end with nothing but a person's stop."""
    unit = _Unit(strict=False)
    unit.read(METRICS_UNIT, "utf-8")
    assert unit["Service"]["Restart"] == "always"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert not {"Requires", "BindsTo", "PartOf"} & set(unit["Unit"])
    assert unit["Service"]["User"] == service()["User"]
    assert unit["Service"]["StateDirectory"] == service()["StateDirectory"]


def test_the_real_program_runs_without_writable_code() -> None:
    """`MemoryDenyWriteExecute=yes`, which a Python with a compiler of its own would not survive."""
    assert service()["MemoryDenyWriteExecute"] == "yes"
    deny = (
        "import ctypes, os, sys\n"
        "if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0: sys.exit(77)\n"  # PR_SET_MDWE, Linux 6.3
        "os.chdir(sys.argv[1]); sys.path.insert(0, sys.argv[1])\n"
        "import actors.compose, actors.runtime\nfrom cli.main import main\nsys.exit(main(['--version']))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", deny, str(ROOT)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ},
    )
    if ran.returncode == 77:
        pytest.skip("this kernel can't deny writable code to a process")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("cerbero-bite ")
