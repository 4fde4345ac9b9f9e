"""`make` sets the environment up whatever the shell says and whatever an earlier set-up left behind.

The interpreters are invented: each claims a version, and what it is told to install it only writes down.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = (
    *("bash", "cat", "cp", "dirname", "env", "find", "grep", "head"),
    *("ln", "make", "mkdir", "mktemp", "mv", "realpath", "rm", "touch"),
)
INTERPRETER = """\
#!/bin/bash
here="$(dirname "$0")/.."
case "$1" in
    -V) echo "Python {dotted}.1" ;;
    -c)
        [[ "$2" != *"import pip"* || -e "$here/pip" ]] || exit 1
        [[ "$2" != *"ensurepip"* || -e "{ensurepip}" ]] || exit 1
        code="${{2/import pip; /}}"
        exec {real} -c "import sys; sys.version_info = ({commas}, 1); sys.base_prefix = '{name}'; \
sys.implementation.cache_tag = 'cpython-{dotted}'; ${{code/from ensurepip import version; /}}" "${{@:3}}" ;;
    -m)
        echo "{name} ${{*:2}}" >>"{log}"
        case "$2" in
            venv)
                folder="${{@: -1}}"
                rm -rf "$folder"
                mkdir -p "$folder/bin"
                touch "$folder/pyvenv.cfg"
                ln -s "{path}" "$folder/bin/python"
                [ -e "{ensurepip}" ] || {{ echo "apt install {name}-venv" >&2; exit 1; }}
                touch "$folder/pip" ;;
            pip) env >"{log}.env"; [ ! -e "{log}.cut-off" ] || {{ rm "{log}.cut-off"; kill -9 $PPID; }} ;;
        esac ;;
esac
"""


@dataclass
class Machine:
    """A checkout, and a PATH on which there is nothing but what make needs and some interpreters."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.programs.mkdir()
        self.checkout.mkdir()
        self.log.touch()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None, tool
            (self.programs / tool).symlink_to(found)
        (self.checkout / ".ci").mkdir()
        for name in ("Makefile", ".ci/make-venv", ".ci/run"):
            shutil.copy(ROOT / name, self.checkout / name)
        for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
            (self.checkout / name).touch()

    @property
    def programs(self) -> Path:
        return self.root / "programs"

    @property
    def checkout(self) -> Path:
        return self.root / "checkout"

    @property
    def log(self) -> Path:
        """What the interpreters were told to run."""
        return self.root / "log"

    def ensurepip(self, name: str) -> Path:
        """Exists if that interpreter has ensurepip."""
        return self.root / f"{name}-ensurepip"

    def install(self, name: str, version: tuple[int, int], *, ensurepip: bool = True) -> None:
        path = self.programs / name
        path.write_text(
            INTERPRETER.format(
                name=name,
                dotted="{}.{}".format(*version),
                commas="{}, {}".format(*version),
                path=path,
                log=self.log,
                ensurepip=self.ensurepip(name),
                real=sys.executable,
            ),
            "utf-8",
        )
        path.chmod(0o755)
        if ensurepip:
            self.ensurepip(name).touch()

    def refuse(self, name: str) -> None:
        """A version manager's shim of a version that is not selected."""
        path = self.programs / name
        path.write_text("#!/bin/bash\necho 'version is not set' >&2\nexit 127\n", "utf-8")
        path.chmod(0o755)

    def run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        self.log.write_text("", "utf-8")
        return subprocess.run(
            command,
            cwd=cwd or self.checkout,
            env={"PATH": str(self.programs), "HOME": str(self.root), **self.variables},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def make(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self.run("make", "venv", *arguments, cwd=cwd)

    def made_with(self) -> str | None:
        """The interpreter that made an environment during the last run."""
        made = [line.split()[0] for line in self.log.read_text("utf-8").splitlines() if " venv " in line]
        assert len(made) <= 1
        return made[0] if made else None


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def usual(machine: Machine) -> Machine:
    """A machine with one Python, whose environment is made."""
    machine.install("python3.11", (3, 11))
    assert machine.make().returncode == 0
    assert machine.made_with() == "python3.11"
    return machine


def test_an_older_python_on_the_path_is_passed_over(machine: Machine) -> None:
    machine.install("python3", (3, 10))
    machine.install("python3.12", (3, 12))
    assert machine.make().returncode == 0
    assert machine.made_with() == "python3.12"


def test_a_shim_that_refuses_is_passed_over(machine: Machine) -> None:
    machine.refuse("python3.11")
    machine.install("python3", (3, 12))
    assert machine.make().returncode == 0
    assert machine.made_with() == "python3"


def test_a_python_that_can_make_no_environment_is_passed_over(machine: Machine) -> None:
    machine.install("python3.11", (3, 11), ensurepip=False)
    machine.install("python3.13", (3, 13))
    assert machine.make().returncode == 0
    assert machine.made_with() == "python3.13"


@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 14)])
def test_a_machine_without_a_supported_python_is_told_so(machine: Machine, version: tuple[int, int]) -> None:
    machine.install("python3", version)
    ran = machine.make()
    assert ran.returncode == 2
    assert "expected Python 3.11, 3.12 or 3.13 on the PATH" in ran.stderr
    assert "Python {}.{}".format(*version) in ran.stderr


def test_a_machine_without_any_python_is_told_so(machine: Machine) -> None:
    ran = machine.make()
    assert ran.returncode == 2
    assert "found none that runs" in ran.stderr


@pytest.mark.parametrize(("named", "found"), [("nope", "no such program"), ("old", "Python 2.7.1")])
def test_a_named_python_that_will_not_do_is_named_with_what_it_is(
    machine: Machine, named: str, found: str
) -> None:
    machine.install("python3.11", (3, 11))
    machine.install("old", (2, 7))
    ran = machine.make(f"PYTHON={named}")
    assert ran.returncode == 2
    assert f"PYTHON={named}: expected Python 3.11, 3.12 or 3.13, found: " in ran.stderr
    assert found in ran.stderr


def test_an_environment_that_is_whole_is_left_alone(usual: Machine) -> None:
    assert usual.make().returncode == 0
    assert usual.log.read_text("utf-8") == ""


def test_a_lock_that_changed_is_installed_into_the_same_environment(usual: Machine) -> None:
    stamp = usual.checkout / ".venv" / ".runtime-stamp"
    later = stamp.stat().st_mtime + 1
    os.utime(usual.checkout / "requirements.lock", (later, later))
    assert usual.make().returncode == 0
    assert usual.made_with() is None
    assert "-r requirements.lock" in usual.log.read_text("utf-8")


def test_an_environment_that_could_get_no_pip_is_made_again(machine: Machine) -> None:
    machine.install("python3.11", (3, 11), ensurepip=False)
    ran = machine.make()
    assert ran.returncode == 2
    assert "apt install python3.11-venv" in ran.stderr
    machine.ensurepip("python3.11").touch()
    assert machine.make().returncode == 0
    assert machine.made_with() == "python3.11"


def test_an_environment_that_was_cut_off_while_it_was_made_is_made_again(usual: Machine) -> None:
    (usual.checkout / ".venv" / ".made-stamp").unlink()
    assert usual.make().returncode == 0
    assert usual.made_with() == "python3.11"


def test_an_environment_in_which_pip_was_cut_off_is_made_again(machine: Machine) -> None:
    machine.install("python3.11", (3, 11))
    Path(f"{machine.log}.cut-off").touch()
    assert machine.make().returncode != 0
    assert machine.make().returncode == 0
    assert machine.made_with() == "python3.11"


def test_an_environment_whose_pip_is_gone_is_made_again(usual: Machine) -> None:
    (usual.checkout / ".venv" / "pip").unlink()
    assert usual.make().returncode == 0
    assert usual.made_with() == "python3.11"


def test_an_environment_whose_python_is_gone_is_made_again(usual: Machine) -> None:
    (usual.programs / "python3.11").unlink()
    usual.install("python3", (3, 12))
    assert usual.make().returncode == 0
    assert usual.made_with() == "python3"


def test_a_python_that_is_named_makes_the_environment_again_if_another_made_it(usual: Machine) -> None:
    usual.install("python3.13", (3, 13))
    assert usual.make("PYTHON=python3.13").returncode == 0
    assert usual.made_with() == "python3.13"
    assert usual.make("PYTHON=python3.13").returncode == 0
    assert usual.made_with() is None


def test_an_environment_of_any_supported_python_is_kept_if_none_is_named(usual: Machine) -> None:
    usual.install("python3.13", (3, 13))
    usual.make("PYTHON=python3.13")
    assert usual.make().returncode == 0
    assert usual.made_with() is None


@pytest.mark.parametrize("program", ["mv", "cp"])
def test_the_environment_of_a_checkout_that_was_moved_or_copied_is_made_again(
    usual: Machine, program: str
) -> None:
    elsewhere = usual.root / "elsewhere"
    # As a person does it; -p keeps the times that make compares.
    subprocess.run(
        [program, *(["-rp"] if program == "cp" else []), str(usual.checkout), str(elsewhere)], check=True
    )
    assert usual.make(cwd=elsewhere).returncode == 0
    assert usual.made_with() == "python3.11"


def test_an_environment_that_two_checkouts_share_is_made_again_for_the_other(usual: Machine) -> None:
    other = usual.root / "other"
    shutil.copytree(usual.checkout, other, ignore=shutil.ignore_patterns(".venv"))
    shared = f"VENV={usual.root / 'shared'}"
    assert usual.make(shared).returncode == 0
    assert usual.make(shared, cwd=other).returncode == 0
    assert usual.made_with() == "python3.11"


def test_a_folder_that_is_no_environment_is_refused_and_kept(usual: Machine) -> None:
    letters = usual.root / "letters"
    letters.mkdir()
    (letters / "to-mother").touch()
    ran = usual.make(f"VENV={letters}")
    assert ran.returncode == 2
    assert "found other files" in ran.stderr
    assert (letters / "to-mother").exists()


def test_pip_is_told_from_where_to_download_and_nothing_else(machine: Machine) -> None:
    machine.install("python3.11", (3, 11))
    ours = {"PIP_INDEX_URL": "http://mirror", "PIP_CERT": "/ca.pem", "HTTPS_PROXY": "http://proxy"}
    foreign = {
        **dict.fromkeys(("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONPATH"), "/elsewhere"),
        **dict.fromkeys(("PIP_DRY_RUN", "PIP_NO_DEPS", "PYTHONOPTIMIZE", "PYTHONINSPECT"), "1"),
        "PIP_NO_BINARY": ":all:",
        "PYTHONWARNINGS": "error",
    }
    machine.variables = {**ours, **foreign, "PIP_USER": "1"}
    assert machine.make().returncode == 0
    seen = dict(
        line.split("=", 1)
        for line in Path(f"{machine.log}.env").read_text("utf-8").splitlines()
        if "=" in line
    )
    assert seen.keys() & foreign.keys() == set()
    assert {name: seen[name] for name in ours} == ours
    assert seen["PIP_USER"] == "0"


def test_pip_gets_the_locks_as_wheels_by_hash_and_without_what_they_require(usual: Machine) -> None:
    usual.run("make", "venv-dev", f"VENV={usual.root / 'new'}")
    locks = [line for line in usual.log.read_text("utf-8").splitlines() if " -r " in line]
    assert [line.split()[-1] for line in locks] == ["requirements.lock", "requirements-dev.lock"]
    assert all("--no-deps --only-binary :all: --require-hashes" in line for line in locks)


def test_the_check_heeds_nothing_that_changes_what_is_tried(machine: Machine) -> None:
    """`.ci/run` with a make that only says how it was called."""
    machine.install("python3.11", (3, 11))
    told = machine.root / "told"
    (machine.programs / "make").unlink()
    (machine.programs / "make").write_text(f'#!/bin/bash\n{{ echo "$@"; env; }} >>"{told}"\n', "utf-8")
    (machine.programs / "make").chmod(0o755)
    machine.variables = {
        "CDPATH": str(machine.root),
        "TEST_ARGS": "tests/none",
        "MAKEFLAGS": "-k",
        "MAKEFILES": "/elsewhere",
        "PYTEST_ADDOPTS": "--co",
        "PYTEST_PLUGINS": "nope",
        "PYTHONPATH": "/elsewhere",
        "PYENV_ROOT": str(machine.root),
    }
    ran = machine.run("bash", ".ci/run")
    assert ran.returncode == 0, ran.stderr
    lines = told.read_text("utf-8").splitlines()
    assert [line.split()[0] for line in lines if "VENV=" in line] == [
        *("lint", "types", "docs", "test", "coverage", "test-long", "hostile", "drills", "test-page")
    ]
    assert [line for line in lines if line.split("=")[0] in machine.variables.keys() - {"PYENV_ROOT"}] == []


def test_the_check_makes_the_environments_of_other_pythons_meanwhile_and_tries_each(machine: Machine) -> None:
    machine.install("python3.11", (3, 11))
    machine.install("python3.13", (3, 13))
    told = machine.root / "told"
    (machine.programs / "make").unlink()
    (machine.programs / "make").write_text(f'#!/bin/bash\necho "$@" >>"{told}"\n', "utf-8")
    (machine.programs / "make").chmod(0o755)
    ran = machine.run("bash", ".ci/run")
    assert ran.returncode == 0, ran.stderr
    made = [line.split() for line in told.read_text("utf-8").splitlines()]
    tried = [(target, python.removeprefix("PYTHON=")) for target, python, *_ in made]
    assert ("venv-dev", "python3.13") in tried[1:3], "beside the type checker"
    assert tried[-1] == ("test", "python3.13")
    assert "not tried: 3.12" in ran.stdout
