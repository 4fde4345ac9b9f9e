"""Simulations: one seed is one run, planted bugs are found, and a breach is told with its replay."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import typer

from cli.simulating import Simulation
from config import load_strategy
from core.errors import InputError
from lab.processes import NotWantedError
from lab.simulate.acts import PROFILES, Act, ActKind, Drawn
from lab.simulate.draw import draw
from lab.simulate.families import families_of
from lab.simulate.hunt import Hunt, smallest
from lab.simulate.outcome import WorldOutcome
from lab.simulate.seeds import Seeds
from tests.simulate.planted import PLANTED, SEEDS_MAX, STRATEGY, Planted, notice

CHEAP = ("an order leaves under another label", "a permit lives for half a minute", "fees are rounded")
FEW = range(3)


def hunt(days: float, profile: str = "all") -> Hunt:
    return Hunt(days=days, profile=profile, is_sparse=True, loaded=load_strategy(STRATEGY))


def simulation(**told: object) -> Simulation:
    asked: dict[str, object] = {
        "seeds": "0:1",
        "days": 0.5,
        "faults": "none",
        "schedule": "sparse",
        "only": None,
        "shrink": False,
        "jobs": 1,
        "journal": None,
        "json_file": None,
        "strategy": STRATEGY,
    }
    return Simulation(**{**asked, **told})  # type: ignore[arg-type]


class FailsAtTwo(Seeds):
    """Fails at one seed."""

    def drawn(self, seed: int) -> Drawn:
        if seed == 2:
            raise ZeroDivisionError("two")
        return super().drawn(seed)


def test_what_a_seed_draws_is_the_same_and_another_seed_draws_something_else() -> None:
    assert draw(7, 30.0, "all") == draw(7, 30.0, "all")
    assert draw(7, 30.0, "all").acts != draw(8, 30.0, "all").acts
    assert draw(7, 30.0, "none").acts == ()


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_a_profile_draws_its_kinds_and_no_other(profile: str) -> None:
    kinds = {act.kind for seed in range(60) for act in draw(seed, 7.0, profile).acts}
    assert kinds == PROFILES[profile]


def test_the_same_seed_gives_the_same_trace_and_the_same_log() -> None:
    runs = hunt(0.3, "disk")
    outcome = runs.run_twice(runs.drawn(3))
    assert outcome.found is None
    assert outcome.digest.startswith("main:")


def test_leaving_acts_out_leaves_the_others_as_they_are() -> None:
    drawn = draw(5, 2.0, "all")
    kept = frozenset(act.number for act in drawn.acts[::2])
    assert drawn.only(kept).acts == drawn.acts[::2]


@pytest.mark.parametrize("needed", [frozenset(), frozenset({3}), frozenset({0, 7}), frozenset({1, 4, 9})])
def test_shrinking_finds_what_is_needed(needed: frozenset[int]) -> None:
    assert frozenset(smallest(list(range(12)), lambda kept: needed <= kept, lambda _: None)) == needed


@pytest.mark.parametrize(
    "planted", [each for each in PLANTED if each.name in CHEAP], ids=lambda each: each.name
)
def test_a_planted_bug_is_found(planted: Planted) -> None:
    noticed = notice(planted, FEW)
    assert noticed.statement == planted.statement


def test_a_breach_is_told_with_its_messages_and_the_command_that_replays_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    planted = next(each for each in PLANTED if each.name == CHEAP[0])
    out = tmp_path / "out.json"
    with planted.patch(), pytest.raises(typer.Exit):
        simulation(faults="person", shrink=True, json_file=out, seeds="0:1").run()
    told = capsys.readouterr().out
    assert "seed 0, 2026-01-05 14:00:0" in told
    assert "invariant 1 (recorded before sent) does not hold" in told
    assert "SendOrder" in told
    assert "replay: run.py simulate --seeds 0:1 --days 0.5 --faults person --schedule sparse" in told
    assert "0 of " in told
    assert "--only -1" in told
    [row] = json.loads(out.read_text("utf-8"))["seeds"]
    assert row["breach"] == 1


def test_a_journal_is_gone_on_with_and_a_torn_line_is_run_again(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    simulation(seeds="1:3", days=0.5, journal=journal).run()
    lines = journal.read_text("utf-8").splitlines()
    assert [json.loads(line)["seed"] for line in lines[1:]] == [1, 2]
    journal.write_text("\n".join([*lines[:2], lines[2][:40]]), "utf-8")
    simulation(seeds="1:3", days=0.5, journal=journal).run()
    assert journal.read_text("utf-8").splitlines() == lines
    assert "2 seeds of 0.5 days" in capsys.readouterr().out
    with pytest.raises(InputError, match="name another file"):
        simulation(seeds="1:3", days=1.0, journal=journal)


@pytest.mark.long
def test_seeds_in_several_processes_give_the_same(tmp_path: Path) -> None:
    for jobs in (1, 2):
        simulation(seeds="1:3", jobs=jobs, json_file=tmp_path / f"{jobs}.json").run()
    assert (tmp_path / "2.json").read_text("utf-8") == (tmp_path / "1.json").read_text("utf-8")


@pytest.mark.long
def test_a_seed_that_fails_in_a_process_is_named_and_the_others_go_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    asked = simulation(seeds="1:3", jobs=2, json_file=out)
    asked._seeds = FailsAtTwo(asked._seeds.hunt)
    with pytest.raises(typer.Exit):
        asked.run()
    assert [row["seed"] for row in json.loads(out.read_text("utf-8"))["seeds"]] == [1]
    failed, replay = capsys.readouterr().out.splitlines()[-2:]
    assert failed == "seed 2 could not be simulated: ZeroDivisionError: two"
    assert replay.startswith("replay: run.py simulate --seeds 2:3 --days 0.5 --faults none")


def test_an_entry_is_cancelled_also_if_the_disk_can_not_take_that_down() -> None:
    """Found by a seed: armed while the disk was full, the entry was left at the venue, where it filled."""
    runs = hunt(0.2, "none")
    full = Act(number=0, kind=ActKind.FULL_DISK, at_s=740.0, what="hard", lasts_s=30.0)
    arms = Act(number=1, kind=ActKind.PERSON, at_s=750.0, what="arm")
    disarms = Act(number=2, kind=ActKind.PERSON, at_s=4000.0, what="disarm")
    drawn = runs.drawn(264).model_copy(update={"market": 1, "acts": (full, arms, disarms)})
    assert runs.run(drawn).found is None


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"seeds": "3:3"}, "--seeds: expected A:B with A below B"),
        ({"seeds": "a:b"}, "found 'a:b'"),
        ({"faults": "some"}, "--faults: expected one of all, none"),
        ({"schedule": "dense"}, "--schedule: expected production or sparse, found 'dense'"),
        ({"only": "1,x"}, "--only: expected numbers of acts"),
        ({"only": "9999"}, "of which the seeds 0:1 have none, found 9999$"),
        (
            {"faults": "all", "only": "9999"},
            "of which the seeds 0:1 have those from 0 to [0-9]+, found 9999$",
        ),
        ({"faults": "all", "only": "-2,7000,1", "seeds": "0:3"}, "seeds 0:3 have .*, found -2, 7000$"),
        ({"json_file": Path("/nowhere/out.json")}, "expected a file in an existing folder"),
        ({"json_file": Path("/tmp")}, "--json /tmp: expected a file, found a folder"),
        (
            {"journal": Path("/dev/full")},
            "--journal /dev/full: the file can't be read: expected a plain file, found a device",
        ),
    ],
)
def test_what_can_not_be_used_is_named(told: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        simulation(**told)


def test_the_number_of_no_act_stands_for_none_of_them() -> None:
    assert simulation(only="-1")._seeds.drawn(0).acts == ()


def test_a_journal_that_takes_no_more_is_named_after_what_was_done(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    asked = simulation(days=0.02, journal=journal)
    journal.unlink()
    journal.mkdir()
    with pytest.raises(InputError, match=f"--journal {journal}: the file can't be written: Is a directory"):
        asked.run()
    assert "1 seed of 0.02 days" in capsys.readouterr().out


@pytest.mark.soak
@pytest.mark.parametrize("planted", PLANTED, ids=lambda each: each.name)
def test_every_planted_bug_is_found(planted: Planted) -> None:
    assert notice(planted, range(SEEDS_MAX)).statement in planted.statements


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(200))
def test_nothing_is_found_in_the_product(seed: int) -> None:
    runs = hunt(7.0)
    found = runs.run(runs.drawn(seed)).found
    assert found is None, found


def test_every_kind_of_act_is_in_a_profile_of_its_own() -> None:
    """So that it can be looked for apart."""
    some = frozenset().union(*(kinds for name, kinds in PROFILES.items() if name != "all"))
    assert some == frozenset(ActKind)


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_what_a_profile_may_draw_is_all_that_it_draws(profile: str) -> None:
    drawn = {act.family for seed in range(3000) for act in draw(seed, 7.0, profile).acts}
    assert drawn == families_of(profile)


def test_a_disturbance_that_met_nothing_at_all_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    simulation(seeds="3:4", days=0.02, faults="disk").run()
    never = capsys.readouterr().out.split("never met:\n")[1].split("\n\n")[0]
    named = {line.strip().split(":")[0] for line in never.splitlines()}
    assert families_of("disk") <= named


def test_of_acts_that_are_played_alone_the_others_are_not_missed(capsys: pytest.CaptureFixture[str]) -> None:
    asked = simulation(seeds="3:4", faults="disk", only="0")
    [act] = asked._seeds.drawn(3).acts
    asked.run()
    never = capsys.readouterr().out.split("never met:\n")[1].split("\n\n")[0]
    assert {line.strip().split(":")[0] for line in never.splitlines()} == {act.family}


def test_a_trace_that_differs_is_shrunk_by_running_twice(capsys: pytest.CaptureFixture[str]) -> None:
    planted = next(each for each in PLANTED if each.statement == 24)
    with planted.patch(), pytest.raises(typer.Exit):
        simulation(faults="disk", shrink=True, days=0.1, seeds="0:1").run()
    assert "\n0 of " in capsys.readouterr().out


def test_a_breach_that_a_journal_holds_is_told_with_its_replay(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    planted = next(each for each in PLANTED if each.name == CHEAP[0])
    journal = tmp_path / "journal"
    with planted.patch(), pytest.raises(typer.Exit):
        simulation(journal=journal).run()
    capsys.readouterr()
    with pytest.raises(typer.Exit):
        simulation(journal=journal).run()
    told = capsys.readouterr().out.splitlines()
    assert told[-2].startswith("  invariant 1, seed 0: ")
    assert told[-1].startswith("    replay: run.py simulate --seeds 0:1 --days 0.5 --faults none")


def test_shrinking_that_is_interrupted_tells_the_fewest_acts_by_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = next(each for each in PLANTED if each.name == CHEAP[0])
    run = Hunt.run
    tries: list[int] = []

    def few(hunt: Hunt, drawn: Drawn) -> WorldOutcome:
        tries.append(len(drawn.acts))
        if len(tries) > 2:
            raise NotWantedError
        return run(hunt, drawn)

    monkeypatch.setattr(Hunt, "run", few)
    with planted.patch(), pytest.raises(typer.Exit):
        simulation(faults="person", shrink=True, seeds="0:1").run()
    told = capsys.readouterr().out
    assert f"{tries[1]} of {tries[0]} acts are enough; shrinking was interrupted:" in told
    assert told.count("\nreplay: ") == 2


def test_a_replay_can_be_typed_where_the_strategy_has_blanks_in_its_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mine = tmp_path / "my strategy.yaml"
    mine.write_bytes(STRATEGY.read_bytes())
    planted = next(each for each in PLANTED if each.name == CHEAP[0])
    with planted.patch(), pytest.raises(typer.Exit):
        simulation(strategy=mine).run()
    replay = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("replay: "))
    assert shlex.split(replay)[-2:] == ["--strategy", str(mine)]


def test_the_replay_of_a_seed_that_could_not_be_run_plays_the_same_acts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = simulation(seeds="1:3", jobs=2, faults="disk", only="0,1")
    asked._seeds = FailsAtTwo(asked._seeds.hunt, asked._seeds.only)
    with pytest.raises(typer.Exit):
        asked.run()
    assert capsys.readouterr().out.splitlines()[-1].endswith(" --only 0,1")
