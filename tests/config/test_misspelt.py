"""A variable that looks like one of ours and is none: it is named, with the one that was perhaps meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import VARIABLES
from config.misspelt import NAME_LENGTH_MAX, READ_ELSEWHERE, TOLD_MAX, unknown_variables

NAMED = re.compile(r"\bCERBERO_BITE_[A-Z0-9_]*[A-Z0-9]")
READ = (
    *("actors/", "bench/", "cli/", "config/", "core/", "docs/", "gateway/", "lab/", "packaging/", "page/"),
    *("reading/", "scripts/", "tests/environment.py", "tests/kills/", "README.md", "Makefile", "Dockerfile"),
    *("compose.yaml", "pyproject.toml", ".env.example", ".ci/"),
)
NOT_READ = ("docs/changelog.md",)
"""It tells of versions of before."""
TEXTS = frozenset({"", ".py", ".sh", ".md", ".yaml", ".yml", ".toml", ".service", ".example"})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CERBERO_BITE_ENABLE_STRATGY", "CERBERO_BITE_ENABLE_STRATEGY"),
        ("CERBERO_BITE_HEARTBEATURL", "CERBERO_BITE_HEARTBEAT_URL"),
        ("CERBERO_BITE_DATADIR", "CERBERO_BITE_DATA_DIR"),
        ("CERBERO_BITE_QUIET_HOURS", "CERBERO_BITE_ALERT_QUIET_HOURS"),
        ("CERBERO_BITE_TELEGRAM_TOKEN", "CERBERO_BITE_TELEGRAM_BOT_TOKEN"),
        ("CERBERO_BITE_DATA_DIR_", "CERBERO_BITE_DATA_DIR"),
        # The beginning may be what is misspelt.
        ("CERBERO_MCP_URL", "CERBERO_BITE_MCP_URL"),
        ("CERBERO_BITTE_MCP_URL", "CERBERO_BITE_MCP_URL"),
        ("CERBEROBITE_DATA_DIR", "CERBERO_BITE_DATA_DIR"),
        ("CERBERO_BITE_mcp_url", "CERBERO_BITE_MCP_URL"),
        ("cerbero_bite_enable_strategy", "CERBERO_BITE_ENABLE_STRATEGY"),
        ("CERBERO-BITE-MCP-URL", "CERBERO_BITE_MCP_URL"),
    ],
)
def test_a_misspelt_variable_is_told_with_the_one_that_was_meant(name: str, meant: str) -> None:
    (found,) = unknown_variables({name: "s3cret"})
    assert found.near == meant
    assert str(found) == f"{name}: no variable of that name is read, did you mean {meant}?"


def test_one_that_is_near_none_is_told_with_where_they_are_listed() -> None:
    (found,) = unknown_variables({"CERBERO_BITE_XYZZY": "1"})
    assert found.near is None
    assert str(found) == (
        "CERBERO_BITE_XYZZY: no variable of that name is read; run.py config env lists those that are"
    )


@pytest.mark.parametrize("blank", ["", " "])
def test_a_blank_one_is_told_too(blank: str) -> None:
    assert len(unknown_variables({"CERBERO_BITE_MCP_TOKN": blank})) == 1


def test_whatever_is_read_and_whatever_is_not_ours_is_told_nothing_of() -> None:
    others = (
        "PATH",
        "SSL_CERT_DIR",
        "CERBERO_GATEWAY_PORT",
        "CERBERO",
        "CERBERO_HOME",
        "_CERBERO_BITE_COMPLETE",
    )
    assert unknown_variables(dict.fromkeys((*VARIABLES, *READ_ELSEWHERE, *others), "1")) == ()


def test_every_variable_that_anything_of_the_project_reads_or_sets_is_known(repository: Path) -> None:
    files = (path for path in repository.rglob("*") if path.is_file() and path.suffix in TEXTS)
    within = {path.relative_to(repository).as_posix(): path for path in files}
    read = (path for name, path in within.items() if name.startswith(READ) and name not in NOT_READ)
    named = {name for path in read for name in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert named >= READ_ELSEWHERE
    assert unknown_variables(named) == ()


def test_an_environment_full_of_them_is_told_in_a_few_short_lines() -> None:
    many = {f"CERBERO_BITE_{number}": "" for number in range(TOLD_MAX + 3)}
    assert len(unknown_variables(many)) == TOLD_MAX
    (found,) = unknown_variables({"CERBERO_BITE_" + "A" * 100_000: ""})
    assert found.near is None
    assert len(str(found)) < 2 * NAME_LENGTH_MAX + 100
