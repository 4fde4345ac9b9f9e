"""The Dockerfile: what it copies exists, it runs unprivileged, and its steps work in a fresh environment.

`make image-check` builds it and tries the container; here is what needs neither root nor a mirror of Debian.
"""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
import shutil
import subprocess
import venv
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import VARIABLES
from config.environment import SECRET
from config.wire import clear_text_host
from core.redaction import FILE_ENDING
from gateway.live.settings import PREFIX, settings_from
from gateway.live.settings import VARIABLES as GATEWAY_VARIABLES
from tests.environment import OUTSIDE
from tests.tidy.sources import PRODUCTION

ROOT = Path(__file__).resolve().parents[2]
TEXT = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^\s*#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8")))
STEPS = [line.split(None, 1) for line in TEXT.splitlines() if line.strip()]
UID = "10001:10001"


def arguments(instruction: str) -> list[str]:
    return [rest for name, rest in STEPS if name == instruction]


def copied() -> list[str]:
    """What comes from the project's folder, not from another stage."""
    return [
        source
        for rest in arguments("COPY")
        if not rest.startswith("--from=")
        for source in shlex.split(rest)[:-1]
    ]


def services() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"])


def test_everything_that_is_copied_exists() -> None:
    assert copied()
    assert [source for source in copied() if not (ROOT / source).exists()] == []


def test_every_package_of_the_build_is_copied() -> None:
    assert set(PRODUCTION) <= set(copied())


def test_the_builder_is_sent_what_is_copied_and_nothing_else() -> None:
    """Everything is left out, and only what is copied is taken in again."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(copied())
    taken = [rule for rule in rules if rule.startswith("!")]
    assert rules[1 : len(taken) + 1] == taken, "what is left out of them comes after"
    left_out = [rule.removeprefix("**/") for rule in rules[len(taken) + 1 :]]
    for name in ("__pycache__", "x.pyc", ".env"):
        assert any(fnmatch.fnmatch(name, rule) for rule in left_out)


def test_it_runs_as_a_user_without_rights_and_tells_its_health() -> None:
    assert arguments("USER") == [UID]
    [health] = arguments("HEALTHCHECK")
    assert json.loads(health.partition("CMD ")[2]) == ["cerbero-bite", "healthcheck"]


def test_it_starts_the_program_itself_so_that_signals_reach_it() -> None:
    """In exec form: a shell in between would keep SIGTERM for itself."""
    assert [json.loads(rest) for rest in arguments("ENTRYPOINT")] == [["cerbero-bite"]]
    assert [json.loads(rest) for rest in arguments("CMD")] == [["start"]]


def test_both_stages_stand_on_the_base_that_is_given() -> None:
    [base] = arguments("ARG")
    assert base.startswith("BASE=")
    assert [rest.split()[0] for rest in arguments("FROM")] == ["${BASE}", "${BASE}"]


def test_requirements_are_installed_by_hash() -> None:
    installs = [
        part
        for rest in arguments("RUN")
        for part in rest.split("&&")
        if re.search(r"pip (install|wheel)", part)
    ]
    assert len(installs) == 3
    assert "--only-binary :all: --no-deps --require-hashes -r requirements.lock" in installs[0]
    assert "--no-deps --no-build-isolation" in installs[1]
    assert "--no-deps --no-index" in installs[2]
    assert any("pip check" in rest for rest in arguments("RUN"))


@pytest.mark.parametrize("name", ["gateway", "engine", "alone", "venue", "paper", "simulation", "metrics"])
def test_compose_gives_no_rights_and_bounds_what_is_used(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["init"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["user"] == UID
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert "privileged" not in service
    assert "cap_add" not in service


@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_what_others_made_gets_no_rights_either(name: str) -> None:
    service = services()[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["mem_limit"]
    published = [str(port) for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_every_service_has_a_profile_so_that_none_starts_unasked() -> None:
    assert {profile for service in services().values() for profile in service["profiles"]} == {
        "live",
        "alone",
        "paper",
        "simulation",
        "monitor",
    }


def test_compose_holds_no_secret_of_a_live_engine_and_only_known_variables() -> None:
    of_gateway = {f"{PREFIX}{name}" for name in GATEWAY_VARIABLES}
    for name in ("engine", "alone", "gateway"):
        service = services()[name]
        assert not (set(SECRET) | of_gateway & secrets_of_the_gateway()) & set(service["environment"])
    assert services()["engine"]["secrets"] == services()["alone"]["secrets"] == ["mcp_token"]
    known = set(VARIABLES) | of_gateway | {"CERBERO_BITE_METRICS_HOST"}
    for service in services().values():
        assert set(service.get("environment", {})) <= known


def secrets_of_the_gateway() -> set[str]:
    """What may stand in a file instead."""
    files = (name for name in GATEWAY_VARIABLES if name.endswith(FILE_ENDING))
    return {f"{PREFIX}{name.removesuffix(FILE_ENDING)}" for name in files}


def test_each_secret_of_the_live_profile_is_a_file_that_its_service_names() -> None:
    declared = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["secrets"]
    for name in ("gateway", "engine", "alone"):
        service = services()[name]
        named = {
            value.removeprefix("/run/secrets/")
            for variable, value in service["environment"].items()
            if variable.endswith(FILE_ENDING)
        }
        assert named == set(service["secrets"])
        assert named <= set(declared)
    gateway, engine = services()["gateway"]["environment"], services()["engine"]["environment"]
    assert gateway[f"{PREFIX}TOKEN_FILE"] == engine["CERBERO_BITE_MCP_TOKEN_FILE"], "they share one token"


def test_engine_and_gateway_meet_in_a_network_that_is_theirs_alone() -> None:
    """None joins the network of another container: after a restart of Docker it might stay down for good."""
    live = {name: each for name, each in services().items() if each["profiles"] == ["live"]}
    assert set(live) == {"gateway", "engine"}
    for each in live.values():
        assert "network_mode" not in each
        assert each["networks"] == ["live"]
        assert not each.get("ports")
    assert [name for name, each in services().items() if "live" in each.get("networks", [])] == list(live)
    set_up = {f"{PREFIX}TOKEN": "t" * 32}
    set_up |= {name: value for name, value in live["gateway"]["environment"].items() if "_FILE" not in name}
    listening = settings_from(set_up, lambda env, name: env.get(name, ""))
    assert listening.host == "0.0.0.0"  # noqa: S104  # published nowhere
    environment = live["engine"]["environment"]
    url = environment["CERBERO_BITE_MCP_URL"]
    assert url == f"http://gateway:{listening.port}"
    assert clear_text_host(url) is not None
    assert environment["CERBERO_BITE_ALLOW_HTTP"] == "yes"


def test_what_trades_with_money_does_not_wait_for_a_network_of_another_container() -> None:
    joined = [name for name, each in services().items() if "network_mode" in each]
    assert joined == ["paper"]


def test_what_docker_starts_again_waits_if_it_is_refused() -> None:
    """Docker can't tell exit codes apart."""
    for name in ("engine", "alone", "paper"):
        service = services()[name]
        assert service["restart"] == "unless-stopped"
        assert service["environment"]["CERBERO_BITE_ON_REFUSAL"] == "wait"


def test_settings_are_mounted_as_a_folder_that_must_be_there() -> None:
    for name in ("engine", "alone", "gateway"):
        [settings] = [volume for volume in services()[name]["volumes"] if isinstance(volume, dict)]
        assert settings["target"] == arguments("WORKDIR")[-1]
        assert settings["read_only"] is True
        assert settings["bind"] == {"create_host_path": False}


@pytest.mark.soak
def test_the_recipes_steps_work_in_a_fresh_environment(tmp_path: Path) -> None:
    """No container runtime is needed: the commands of pip, in an environment and a folder of their own."""
    app, wheels = tmp_path / "app", tmp_path / "wheels"
    app.mkdir()
    venv.create(tmp_path / "venv", with_pip=True)
    for source in copied():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, app / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, app / source)
    for rest in arguments("RUN"):
        for command in (part.strip() for part in rest.split("&&")):
            if command.startswith("/opt/venv/bin/"):
                here = command.replace("/opt/venv", str(tmp_path / "venv")).replace("/wheels", str(wheels))
                # A shell, as in the image: one step names its wheel by a pattern.
                subprocess.run(["bash", "-ec", here], cwd=app, env=OUTSIDE, check=True)
    program = tmp_path / "venv" / "bin" / "cerbero-bite"
    shown = subprocess.run(
        [program, "--help"], cwd=tmp_path, check=True, capture_output=True, encoding="utf-8"
    )
    assert "paper" in shown.stdout
    (package,) = (tmp_path / "venv" / "lib").glob("python*/site-packages/core")
    assert list(package.glob("__pycache__/*.pyc")), "installed with its bytecode"
