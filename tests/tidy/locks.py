"""Checks that a lock is closed: it has all that its distributions require, at versions that they accept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import distribution

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

LOCKED = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)\s*(?:;(?P<marker>[^\\]+))?", re.MULTILINE
)


@dataclass(frozen=True)
class Metadata:
    """A distribution's own version and requirements, the latter as in `Requires-Dist`."""

    version: str
    requires: tuple[str, ...]


def installed(name: str) -> Metadata:
    """The metadata of an installed distribution. Raises PackageNotFoundError."""
    found = distribution(name)
    return Metadata(found.version, tuple(found.requires or ()))


def locked_here(text: str) -> dict[str, Version]:
    """The lock's versions for this interpreter and platform, by normalised name."""
    lines = LOCKED.finditer(text)
    return {
        canonicalize_name(line["name"]): Version(line["version"])
        for line in lines
        if line["marker"] is None or Marker(line["marker"]).evaluate()
    }


def gaps(text: str, wanted: Iterable[str], metadata_of: Callable[[str], Metadata]) -> list[str]:
    """Unmet requirements of `wanted` and of every locked distribution, and versions that are not installed.

    An extra counts if a requirement asks for it, as pytest-cov does for coverage[toml].
    """
    lock = locked_here(text)
    known = {name: metadata_of(name) for name in lock}
    found = [
        f"{name}: locked {version}, installed {known[name].version}"
        for name, version in lock.items()
        if Version(known[name].version) != version
    ]
    asked = [("the project", Requirement(text), "") for text in wanted]
    asked += [(name, requirement, "") for name in lock for requirement in _requirements(known[name])]
    extras: set[tuple[str, str]] = set()
    for by, requirement, extra in asked:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        problem = _problem(lock, name, requirement)
        if problem is not None:
            found.append(f"{by} requires {requirement}: {problem}")
            continue
        for more in sorted({(name, extra) for extra in requirement.extras} - extras):
            extras.add(more)
            # The list grows during the loop: the requirements of an extra may have extras themselves.
            asked += [(f"{name}[{more[1]}]", needed, more[1]) for needed in _requirements(known[name])]
    return sorted(set(found))


def _requirements(metadata: Metadata) -> list[Requirement]:
    return [Requirement(text) for text in metadata.requires]


def _problem(lock: Mapping[str, Version], name: str, requirement: Requirement) -> str | None:
    if name not in lock:
        return "not in the lock"
    if not requirement.specifier.contains(lock[name], prereleases=True):
        return f"the lock has {lock[name]}"
    return None
