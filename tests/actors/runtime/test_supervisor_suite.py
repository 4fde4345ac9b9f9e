"""The relevant cases of OTP's `lib/stdlib/test/supervisor_SUITE.erl`, by their names, on both runtimes.

Left out are the cases of what we do not have: `simple_one_for_one`, `one_for_all`, children that are added or
deleted while running, `ignore`, code change and links.
"""

from __future__ import annotations

import pytest

from actors.runtime import (
    ActorFailed,
    ActorRestarted,
    Backoff,
    ChildSpec,
    ExitKind,
    OnHang,
    Restart,
    RestartStrategy,
    SupervisorExhausted,
    SupervisorSpec,
)
from tests.actors.runtime.world import Block, Crash, Finish, Note, Probe, World

AT_ONCE = Backoff(min_s=0.0, cap_s=0.0, jitter=0.0)
ABNORMAL = Crash(RuntimeError("abnormal"))


def one_for_one(
    *children: ChildSpec | SupervisorSpec, intensity: int = 2, name: str = "root"
) -> SupervisorSpec:
    return SupervisorSpec(name, children, intensity=intensity, period_s=3600.0, backoff=AT_ONCE)


def rest_for_one(*children: ChildSpec, intensity: int = 2, name: str = "root") -> SupervisorSpec:
    return SupervisorSpec(
        name, children, RestartStrategy.REST_FOR_ONE, intensity=intensity, period_s=3600.0, backoff=AT_ONCE
    )


def exit_shutdown(world: World, name: str) -> None:
    """The child is told by somebody else than its supervisor to shut down."""
    assert world.system is not None
    cell = next(cell for cell in world.system.cells if cell.name == name)
    _stopping = cell.actor_ref.stop(block=False)


def test_sup_start_normal(world: World) -> None:
    """A supervisor starts its children in order and ends in order."""
    system = world.start(one_for_one(world.child("child1"), world.child("child2")))
    system.stop()
    assert world.notes == [("start", "child1"), ("start", "child2"), ("stop", "child2"), ("stop", "child1")]
    assert world.exit().kind is ExitKind.STOPPED


def test_sup_start_fail(world: World) -> None:
    """A child that can't be made is a failure like any other; here it uses up the root."""

    def broken(_peers: object) -> Probe:
        raise ValueError("no such child")

    world.start(one_for_one(ChildSpec("child1", broken)))
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED


def test_sup_start_map(world: World) -> None:
    """Defaults of a child are permanent and a shutdown of 5 s."""
    child = ChildSpec("child1", lambda _peers: Probe(world, "child1"))
    assert (child.restart, child.shutdown_timeout_s) == (Restart.PERMANENT, 5.0)


def test_sup_start_map_faulty_specs(world: World) -> None:
    """A faulty child specification is refused with its name."""
    with pytest.raises(ValueError, match="non-empty name"):
        world.child("")
    with pytest.raises(ValueError, match=r"twice.*child1"):
        one_for_one(world.child("child1"), world.child("child1"))


def test_sup_flags() -> None:
    """Faulty flags of a supervisor are refused."""
    with pytest.raises(ValueError, match=r"\.intensity\b"):
        SupervisorSpec("root", (), intensity=-1)
    with pytest.raises(ValueError, match="period_s"):
        SupervisorSpec("root", (), period_s=0.0)


def test_sup_stop_infinity(world: World) -> None:
    """A nested supervisor is given the time that its children need, last started first stopped."""
    nested = one_for_one(world.child("child1"), world.child("child2"), name="nested")
    world.start(one_for_one(nested, world.child("child3"))).stop()
    assert world.noted("stop") == [("stop", "child3"), ("stop", "child2"), ("stop", "child1")]


def test_sup_stop_timeout(world: World) -> None:
    """Who does not stop within the shutdown timeout is cut off; the others stop in order."""
    slow = world.child("child2", shutdown_timeout_s=0.1)
    system = world.start(one_for_one(world.child("child1"), slow))
    world.tell("child2", Block())
    world.until_noted("blocked", "child2")
    system.stop()
    assert ("stop", "child1") in world.notes
    assert [letter.why for letter in system.dead_letters.items()] == ["killed"]


def test_sup_stop_brutal_kill(world: World) -> None:
    """The smallest possible timeout does not wait for a busy child."""
    slow = world.child("child2", shutdown_timeout_s=0.001)
    system = world.start(one_for_one(world.child("child1"), slow))
    world.tell("child2", Block())
    world.until_noted("blocked", "child2")
    system.stop()
    assert world.exit().kind is ExitKind.STOPPED


@pytest.mark.parametrize("end", ["normal", "shutdown", "abnormal"])
@pytest.mark.parametrize("restart", list(Restart))
def test_permanent_transient_temporary(world: World, restart: Restart, end: str) -> None:
    """permanent_normal, transient_normal, temporary_normal, permanent_shutdown, transient_shutdown,
    temporary_shutdown, permanent_abnormal, transient_abnormal, temporary_abnormal."""
    world.start(one_for_one(world.child("child1", restart=restart), world.child("child2")))
    match end:
        case "normal":
            world.tell("child1", Finish())
        case "shutdown":
            exit_shutdown(world, "child1")
        case _:
            world.tell("child1", ABNORMAL)
    restarted = restart is Restart.PERMANENT or (restart is Restart.TRANSIENT and end == "abnormal")
    if restarted:
        world.until_event(ActorRestarted, "root/child1")
        assert world.epoch("child1") == 2
    else:
        world.until(lambda: world.states()["child1"] == "stopped")
        assert world.notes.count(("start", "child1")) == 1
    assert world.epoch("child2") == 1


def test_temporary_bystander(world: World) -> None:
    """A temporary child that is stopped because one before it failed is not started again."""
    world.start(rest_for_one(world.child("child1"), world.child("child2", restart=Restart.TEMPORARY)))
    world.tell("child1", ABNORMAL)
    world.until_event(ActorRestarted, "root/child1")
    assert world.epoch("child1") == 2
    assert world.states()["child2"] == "stopped"


def test_multiple_restarts(world: World) -> None:
    """As many failures as the intensity allows are survived; the next one is one too many."""
    world.start(one_for_one(world.child("child1"), intensity=3))
    for life in (2, 3, 4):
        world.tell("child1", ABNORMAL)
        world.until_event(ActorRestarted, "root/child1", times=life - 1)
    world.tell("child1", ABNORMAL)
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED


def test_one_for_one(world: World) -> None:
    """Only the failed child is restarted."""
    world.start(one_for_one(world.child("child1"), world.child("child2")))
    world.tell("child1", ABNORMAL)
    world.until_event(ActorRestarted, "root/child1")
    assert (world.epoch("child1"), world.epoch("child2")) == (2, 1)


def test_one_for_one_escalation(world: World) -> None:
    """One failure too many ends the supervisor and all its children."""
    world.start(one_for_one(world.child("child1"), world.child("child2"), intensity=0))
    world.tell("child1", ABNORMAL)
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED
    assert ("stop", "child2") in world.notes


def test_rest_for_one(world: World) -> None:
    """The failed child and those after it are restarted: stopped in reverse, started in order."""
    world.start(rest_for_one(world.child("child1"), world.child("child2"), world.child("child3")))
    world.notes.clear()
    world.tell("child2", ABNORMAL)
    world.until_event(ActorRestarted, "root/child3")
    assert world.notes == [("stop", "child2"), ("stop", "child3"), ("start", "child2"), ("start", "child3")]
    assert [world.epoch(name) for name in ("child1", "child2", "child3")] == [1, 2, 2]


def test_rest_for_one_escalation(world: World) -> None:
    """One failure too many ends the children before the failed one as well."""
    world.start(rest_for_one(world.child("child1"), world.child("child2"), intensity=0))
    world.tell("child2", ABNORMAL)
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED
    assert ("stop", "child1") in world.notes


def test_rest_for_one_other_child_fails_restart(world: World) -> None:
    """A later child that fails to start again is tried again, without touching the one before it."""
    failures: list[Probe] = []

    def fail_once(probe: Probe) -> None:
        if probe.ctx.epoch == 2:
            failures.append(probe)
            raise RuntimeError("not yet")

    world.start_trouble["child2"] = fail_once
    world.start(rest_for_one(world.child("child1"), world.child("child2"), world.child("child3")))
    world.tell("child1", ABNORMAL)
    world.until_event(ActorRestarted, "root/child3")
    assert len(failures) == 1
    assert [world.epoch(name) for name in ("child1", "child2", "child3")] == [2, 3, 2]


def test_hanging_restart_loop(world: World) -> None:
    """While a child fails at every start its sibling goes on, and in the end the supervisor gives up."""

    def fail_again(probe: Probe) -> None:
        if probe.ctx.epoch > 1:
            # Asked from outside, the question would race with market time, which jumps over the backoffs.
            probe.ctx.tell(world.address("child2"), Note(probe.ctx.epoch))
            raise RuntimeError("never again")

    world.start_trouble["child1"] = fail_again
    slowly = Backoff(min_s=10.0, cap_s=10.0, jitter=0.0)
    world.start(
        SupervisorSpec("root", (world.child("child1"), world.child("child2")), intensity=5, backoff=slowly)
    )
    world.tell("child1", ABNORMAL)
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED
    assert world.notes.count(("note", "child2", 2)) == world.notes.count(("note", "child2", 3)) == 1
    assert world.notes.count(("start", "child2")) == 1


def test_hanging_restart_loop_rest_for_one(world: World) -> None:
    """The same with later children: they stay down meanwhile."""

    def fail_again(probe: Probe) -> None:
        if probe.ctx.epoch > 1:
            raise RuntimeError("never again")

    world.start_trouble["child2"] = fail_again
    children = (world.child("child1"), world.child("child2"), world.child("child3"))
    slowly = Backoff(min_s=10.0, cap_s=10.0, jitter=0.0)
    world.start(SupervisorSpec("root", children, RestartStrategy.REST_FOR_ONE, intensity=5, backoff=slowly))
    world.tell("child2", ABNORMAL)
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED
    assert world.notes.count(("start", "child3")) == 1


def test_tree(world: World) -> None:
    """A nested supervisor that gives up is restarted by its own, and its siblings do not notice."""
    nested1 = one_for_one(world.child("child1"), world.child("child2"), intensity=1, name="nested1")
    nested2 = one_for_one(world.child("child3"), intensity=1, name="nested2")
    world.start(one_for_one(nested1, nested2))
    for times in (1, 2):
        world.tell("child1", ABNORMAL)
        world.until_event(ActorRestarted, "root/nested1/child1", times=times)
    world.until_event(SupervisorExhausted, "root/nested1")
    world.until_event(ActorRestarted, "root/nested1/child2")
    assert [world.epoch(name) for name in ("child1", "child2", "child3")] == [3, 2, 1]


def test_count_children(world: World) -> None:
    """Every child is listed with its state."""
    system = world.start(
        one_for_one(world.child("child1"), one_for_one(world.child("child2"), name="nested"))
    )
    assert [(status.path, status.state.value) for status in system.status()] == [
        ("root/child1", "up"),
        ("root/nested/child2", "up"),
    ]


def test_count_restarting_children(world: World) -> None:
    """A child that waits to be restarted is listed as such, and back to normal afterwards."""
    seen: list[str] = []
    world.start_trouble["child2"] = lambda _probe: None
    backoff = Backoff(min_s=5.0, cap_s=5.0, jitter=0.0)
    world.start(SupervisorSpec("root", (world.child("child1"),), backoff=backoff))
    if world.simulated:
        world.tell("child1", ABNORMAL)
        world.until_event(ActorFailed, "root/child1")
        seen.append(world.states()["child1"])
    else:
        with world.runtime.operation():
            world.tell("child1", ABNORMAL)
            world.until_event(ActorFailed, "root/child1")
            world.until(lambda: world.states()["child1"] == "backoff")
            seen.append(world.states()["child1"])
    world.until_event(ActorRestarted, "root/child1")
    assert seen == ["backoff"]
    assert world.states()["child1"] == "up"


def test_child_specs(world: World) -> None:
    """Numbers that make no sense are refused, and named."""
    with pytest.raises(ValueError, match="shutdown_timeout_s of child1"):
        world.child("child1", shutdown_timeout_s=-1.0)
    with pytest.raises(ValueError, match="mailbox_bound of child1"):
        world.child("child1", mailbox_bound=0)
    assert world.child("child1", on_hang=OnHang.ESCALATE).on_hang is OnHang.ESCALATE


def test_mail_reaches_the_next_life(world: World) -> None:
    """Our address outlives what OTP's pid does not: mail behind the poison is handled by the next life."""
    world.start(one_for_one(world.child("child1")))
    for message in (ABNORMAL, Note(1), Note(2)):
        world.tell("child1", message)
    world.until_noted("note", "child1", 2)
    assert world.noted("note") == [("note", "child1", 1), ("note", "child1", 2)]
