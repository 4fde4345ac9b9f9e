"""Whatever happens between two steps on the disk, an arming that no disarming has named stays in `KILL`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.kill_switch import DiskKillFile
from core.kill_file import Arming
from core.messages.arm_cause import ArmCause

STEPS = ("open", "write", "fsync", "link", "rename", "unlink", "stat", "lstat", "fstat")


class PowerCutError(BaseException):
    """The process is gone at this step."""


def arming(arming_id: str) -> Arming:
    at = datetime(2026, 1, 5, 14, tzinfo=UTC)
    return Arming(arming_id=arming_id, causes=(ArmCause.OPERATOR,), reason="stop", who="ada", at=at)


OLD, KEPT, NEW = arming("old"), arming("kept"), arming("new")


@contextmanager
def at_step(number: int, happens: Callable[[], None]) -> Iterator[list[str]]:
    """Something happens once, before the step of that number; gives the steps that there were."""
    taken: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, _stepping(name, getattr(os, name), taken, number, happens))
        yield taken


def _stepping(
    name: str, real: Callable[..., object], taken: list[str], number: int, happens: Callable[[], None]
) -> Callable[..., object]:
    def step(*arguments: object, **options: object) -> object:
        taken.append(name)
        if len(taken) == number:
            happens()
        return real(*arguments, **options)

    return step


def each_step(
    folder: Path, before: tuple[Arming, ...], act: Callable[[DiskKillFile], object]
) -> Iterator[tuple[int, DiskKillFile]]:
    """Every step of an operation, each with a file of its own that holds the armings before it."""
    counted = _file_with(folder / "counted", before)
    with at_step(0, lambda: None) as taken:
        act(counted)
    assert len(taken) > 5, "the operation goes another way than by the steps that are watched"
    for number in range(1, len(taken) + 1):
        yield number, _file_with(folder / str(number), before)


def _file_with(data_dir: Path, before: tuple[Arming, ...]) -> DiskKillFile:
    data_dir.mkdir()
    file = DiskKillFile(data_dir)
    for one in before:
        file.add(one)
    return file


def left_over(file: DiskKillFile) -> list[str]:
    return [path.name for path in file._folder.iterdir() if path.name != "KILL"]


def ids(file: DiskKillFile) -> set[str]:
    found = file.read()
    return set() if found is None else set(found.ids)


def disarm_old(file: DiskKillFile) -> None:
    file.disarm({OLD.key})


def add_new(file: DiskKillFile) -> None:
    assert file.add(NEW) is None


@pytest.mark.parametrize("before", [(OLD,), (OLD, KEPT)])
def test_arming_at_any_step_of_a_disarming_stays(tmp_path: Path, before: tuple[Arming, ...]) -> None:
    for number, file in each_step(tmp_path, before, disarm_old):
        with at_step(number, lambda file=file: add_new(file)):  # type: ignore[misc]
            disarm_old(file)
        assert ids(file) == {one.key for one in (*before, NEW)} - {OLD.key}, f"step {number}"
        assert left_over(file) == []


@pytest.mark.parametrize("before", [(OLD,), (OLD, KEPT)])
def test_disarming_at_any_step_of_an_arming_leaves_the_arming(
    tmp_path: Path, before: tuple[Arming, ...]
) -> None:
    for number, file in each_step(tmp_path, before, add_new):
        with at_step(number, lambda file=file: disarm_old(file)):  # type: ignore[misc]
            add_new(file)
        assert ids(file) == {one.key for one in (*before, NEW)} - {OLD.key}, f"step {number}"
        assert left_over(file) == []


@pytest.mark.parametrize("before", [(), (OLD,)])
def test_another_arming_at_any_step_of_an_arming_is_in_there_too(
    tmp_path: Path, before: tuple[Arming, ...]
) -> None:
    for number, file in each_step(tmp_path, before, add_new):
        with at_step(number, lambda file=file: file.add(KEPT)):  # type: ignore[misc]
            add_new(file)
        assert ids(file) == {one.key for one in (*before, NEW, KEPT)}, f"step {number}"
        assert left_over(file) == []


def power_cut() -> None:
    raise PowerCutError


@pytest.mark.parametrize("before", [(OLD,), (OLD, KEPT)])
def test_end_of_the_process_at_any_step_of_a_recorded_disarming_loses_no_other_arming(
    tmp_path: Path, before: tuple[Arming, ...]
) -> None:
    for number, file in each_step(tmp_path, before, disarm_old):
        with at_step(number, power_cut), pytest.raises(PowerCutError):
            disarm_old(file)
        file.settle_aside({OLD.key})
        assert {one.key for one in before} - {OLD.key} <= ids(file) <= {one.key for one in before}
        assert file.read_aside() is None


@pytest.mark.parametrize("before", [(OLD,), (OLD, KEPT)])
def test_end_of_the_process_at_any_step_of_a_disarming_that_no_record_names_keeps_all(
    tmp_path: Path, before: tuple[Arming, ...]
) -> None:
    """Until its last step: then all that it took away was recorded before."""
    for number, file in each_step(tmp_path, before, disarm_old):
        with at_step(number, power_cut), pytest.raises(PowerCutError):
            disarm_old(file)
        was_there = file.read() is not None or file.read_aside() is not None
        file.settle_aside(set())
        assert {one.key for one in before} - {OLD.key} <= ids(file)
        assert bool(ids(file)) is was_there


@pytest.mark.parametrize("before", [(), (OLD,)])
def test_end_of_the_process_at_any_step_of_an_arming_loses_nothing_that_was_there(
    tmp_path: Path, before: tuple[Arming, ...]
) -> None:
    for number, file in each_step(tmp_path, before, add_new):
        with at_step(number, power_cut), pytest.raises(PowerCutError):
            add_new(file)
        assert {one.key for one in before} <= ids(file)
        add_new(file)
        assert NEW.key in ids(file)
