"""The Dockerfile: what it copies exists, it runs unprivileged, and its steps work in a fresh environment."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import yaml

from tests.environment import OUTSIDE
from tests.tidy.test_code import PRODUCTION

ROOT = Path(__file__).resolve().parents[2]
TEXT = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text("utf-8"))
STEPS = [line.split(None, 1) for line in TEXT.splitlines() if line and not line.startswith("#")]


def arguments(instruction: str) -> list[str]:
    return [rest for name, rest in STEPS if name == instruction]


def test_everything_that_is_copied_exists() -> None:
    sources = [source for rest in arguments("COPY") for source in shlex.split(rest)[:-1]]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_every_package_of_the_build_is_copied() -> None:
    assert set(PRODUCTION) <= {source for rest in arguments("COPY") for source in shlex.split(rest)[:-1]}


def test_it_runs_as_a_user_without_rights_and_tells_its_health() -> None:
    assert arguments("USER") == ["cerbero"]
    assert any("healthcheck" in rest for rest in arguments("HEALTHCHECK"))


def test_requirements_are_installed_by_hash() -> None:
    installs = [rest for rest in arguments("RUN") if "pip install" in rest]
    assert any(
        "--only-binary :all: --no-deps --require-hashes -r requirements.lock" in rest for rest in installs
    )
    assert all("--require-hashes" in rest or "--no-deps --no-build-isolation" in rest for rest in installs)
    assert "pip check" in installs[-1]


def test_compose_gives_no_rights_and_holds_no_secret() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    engine = compose["services"]["engine"]
    assert engine["read_only"] is True
    assert engine["cap_drop"] == ["ALL"]
    assert "environment" not in engine


@pytest.mark.soak
def test_the_recipes_steps_work_in_a_fresh_environment(tmp_path: Path) -> None:
    """No container runtime is needed: the same commands, in an environment and a folder of their own."""
    app = tmp_path / "app"
    app.mkdir()
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    for rest in arguments("COPY"):
        *sources, _ = shlex.split(rest)
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, app / source, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, app / source)
    for rest in arguments("RUN"):
        for command in (part.strip() for part in rest.split("&&")):
            if command.startswith("pip "):
                words = shlex.split(command.replace("--no-cache-dir", ""))
                subprocess.run([str(python), "-m", *words], cwd=app, env=OUTSIDE, check=True)
    shown = subprocess.run(
        [str(python), "run.py", "--help"], cwd=app, check=True, capture_output=True, encoding="utf-8"
    )
    assert "paper" in shown.stdout
    assert sys.version_info >= (3, 11)
