"""Checks of a lock: it is closed on every machine that we support, and its hashes are whole.

Closed means that it has all that its distributions require, at versions that they accept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

LINE = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\]+?))?"
    r"(?P<hashes>(?:\s+--hash=sha256:[0-9a-f]{64})+)"
)
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")
# A marker may look at the third number, so the first and a very late release are tried.
PATCHES = (0, 99)


@dataclass(frozen=True)
class Locked:
    """One line of a lock."""

    name: str
    version: Version
    marker: str | None
    hashes: frozenset[str]

    def applies(self, environment: Mapping[str, str]) -> bool:
        return self.marker is None or Marker(self.marker).evaluate(dict(environment))


@dataclass(frozen=True)
class Metadata:
    """A distribution's version, its requirements as in `Requires-Dist`, and the tags of its wheel."""

    version: str
    requires: tuple[str, ...]
    tags: tuple[str, ...] = ()


@cache
def installed(name: str) -> Metadata | None:
    """The metadata of a distribution, if it is installed."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    tags = re.findall(r"^Tag: (\S+)", found.read_text("WHEEL") or "", re.MULTILINE)
    return Metadata(found.version, tuple(found.requires or ()), tuple(tags))


def environment(python: str, machine: str, patch: int = 0) -> dict[str, str]:
    """What markers see there."""
    full = f"{python}.{patch}"
    return {
        "implementation_name": "cpython",
        "implementation_version": full,
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": full,
        "python_version": python,
        "sys_platform": "linux",
    }


SUPPORTED = [
    environment(python, machine, patch) for python in PYTHONS for machine in MACHINES for patch in PATCHES
]


def locked(text: str) -> list[Locked]:
    """The lines of a lock. Raises ValueError if one is not pinned, or a hash of it is not whole."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        match = LINE.fullmatch(line.rstrip())
        if match is None:
            raise ValueError(f"expected name==version and sha256 hashes of 64 digits, found {line}")
        hashes = frozenset(re.findall(r"sha256:(\w+)", match["hashes"]))
        found.append(
            Locked(canonicalize_name(match["name"]), Version(match["version"]), match["marker"], hashes)
        )
    return found


def gaps(
    lines: Iterable[Locked],
    wanted: Iterable[str],
    metadata_of: Callable[[str], Metadata | None],
    environment: Mapping[str, str],
) -> list[str]:
    """Requirements of `wanted` and of every distribution that the lock has there, which it does not meet.

    An extra counts if a requirement asks for it, as pytest-cov does for coverage[toml]. What a distribution
    requires that is locked for another environment only is not known here.
    """
    here = [line for line in lines if line.applies(environment)]
    lock = {line.name: line.version for line in here}
    found = [
        f"{name}: locked more than once" for name in lock if [line.name for line in here].count(name) > 1
    ]
    requirements = {name: _requirements(version, metadata_of(name)) for name, version in lock.items()}
    asked = [("the project", Requirement(text), "") for text in wanted]
    asked += [(name, requirement, "") for name in lock for requirement in requirements[name]]
    extras: set[tuple[str, str]] = set()
    for by, requirement, extra in asked:
        if requirement.marker is not None and not requirement.marker.evaluate(
            {**environment, "extra": extra}
        ):
            continue
        name = canonicalize_name(requirement.name)
        problem = _problem(lock, name, requirement)
        if problem is not None:
            found.append(f"{by} requires {requirement}: {problem}")
            continue
        for more in sorted({(name, extra) for extra in requirement.extras} - extras):
            extras.add(more)
            # The list grows during the loop: the requirements of an extra may have extras themselves.
            asked += [(f"{name}[{more[1]}]", needed, more[1]) for needed in requirements[name]]
    return sorted(set(found))


def not_as_locked(lines: Iterable[Locked], metadata_of: Callable[[str], Metadata | None]) -> list[str]:
    """Distributions that are not installed as they are locked for this interpreter and machine."""
    found = []
    for line in lines:
        metadata = metadata_of(line.name)
        if line.applies({}) and (metadata is None or Version(metadata.version) != line.version):
            have = "none" if metadata is None else metadata.version
            found.append(f"{line.name}: locked {line.version}, installed {have}")
    return found


def too_few_hashes(lines: Iterable[Locked], metadata_of: Callable[[str], Metadata | None]) -> list[str]:
    """Distributions that have fewer hashes than wheels for all supported Pythons and machines.

    How many those are shows in the wheel that is installed: one for all, one for each machine, or one for
    each Python on each machine.
    """
    found = []
    for line in lines:
        metadata = metadata_of(line.name)
        needed = max((_wheels(tag) for tag in metadata.tags), default=1) if metadata is not None else 1
        if len(line.hashes) < needed:
            found.append(f"{line.name}: {len(line.hashes)} hashes for at least {needed} wheels")
    return found


def _wheels(tag: str) -> int:
    _, abi, platform = tag.split("-")
    if platform == "any":
        return 1
    return len(MACHINES) * (1 if abi in ("abi3", "none") else len(PYTHONS))


@cache
def _requirements(version: Version, metadata: Metadata | None) -> list[Requirement]:
    if metadata is None or Version(metadata.version) != version:
        return []
    return [Requirement(text) for text in metadata.requires]


def _problem(lock: Mapping[str, Version], name: str, requirement: Requirement) -> str | None:
    if name not in lock:
        return "not in the lock"
    if not requirement.specifier.contains(lock[name], prereleases=True):
        return f"the lock has {lock[name]}"
    return None
