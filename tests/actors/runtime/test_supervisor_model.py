"""A model of a supervisor, kept in a dozen plain fields, against the real one in virtual time.

Crashes, hangs, floods, normal ends and pauses come in any order; after each step lives, states, handled
messages and dead letters must agree, and at the end every message must be accounted for once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.runtime import Backoff, ExitKind, Restart, RestartStrategy, SupervisorSpec
from tests.actors.runtime.world import START, Block, Crash, Finish, Note, World

NAMES = ("permanent", "transient", "temporary")
BOUND = 5
BACKOFF_S = 1
HANG_LIMIT_S = 10
PERIOD_S = 30
POISON = Crash(ValueError("poison"))
child_names = st.sampled_from(NAMES)


@dataclass
class ModelChild:
    """What the model knows of one child. Times in seconds since the start."""

    restart: Restart
    state: str = "up"
    epoch: int = 1
    due_s: float = 0.0
    hung_since_s: float | None = None
    queue: list[object] = field(default_factory=list)
    handled: list[object] = field(default_factory=list)


class SupervisorMachine(RuleBasedStateMachine):
    """Model and world side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World("green")
        self.now_s = 0.0
        self.window: list[float] = []
        self.over = False
        self.sent = 0
        self.dead: Counter[tuple[str, str]] = Counter()

    @initialize(strategy=st.sampled_from(list(RestartStrategy)), intensity=st.integers(0, 6))
    def begin(self, strategy: RestartStrategy, intensity: int) -> None:
        self.strategy = strategy
        self.intensity = intensity
        restarts = (Restart.PERMANENT, Restart.TRANSIENT, Restart.TEMPORARY)
        self.model = {name: ModelChild(restart) for name, restart in zip(NAMES, restarts, strict=True)}
        children = tuple(
            self.world.child(name, restart=child.restart, mailbox_bound=BOUND, hang_limit_s=HANG_LIMIT_S)
            for name, child in self.model.items()
        )
        backoff = Backoff(min_s=BACKOFF_S, cap_s=BACKOFF_S, jitter=0.0)
        self.world.start(
            SupervisorSpec(
                "root", children, strategy, intensity=intensity, period_s=PERIOD_S, backoff=backoff
            )
        )

    def teardown(self) -> None:
        self.world.close()
        assert self.world.system is None or self.sent == self.accounted()

    def accounted(self) -> int:
        assert self.world.system is not None
        handled = len(self.world.noted("note")) + len(self.world.noted("finished"))
        return handled + self.world.system.dead_letters.count

    @precondition(lambda self: not self.over)
    @rule(name=child_names, count=st.integers(1, 8))
    def flood(self, name: str, count: int) -> None:
        self.send(name, [Note((self.sent, number)) for number in range(count)])

    @precondition(lambda self: not self.over)
    @rule(name=child_names, notes=st.integers(0, 3))
    def crash(self, name: str, notes: int) -> None:
        if self.strategy is RestartStrategy.REST_FOR_ONE and self.model[name].state != "up":
            # Poison that waits for a restart races with the start of those behind: both orders are right.
            return
        self.send(name, [POISON, *(Note((self.sent, number)) for number in range(notes))])

    @precondition(lambda self: not self.over and self.strategy is RestartStrategy.ONE_FOR_ONE)
    @rule(name=child_names)
    def hang(self, name: str) -> None:
        self.send(name, [Block()])

    @precondition(lambda self: not self.over)
    @rule(name=st.sampled_from(("transient", "temporary")))
    def finish(self, name: str) -> None:
        self.send(name, [Finish()])

    @precondition(lambda self: not self.over)
    @rule(seconds=st.sampled_from((0.5, 1.0, 3.0, 10.0, 29.0, 30.0, 31.0)))
    def pause(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while not self.over:
            due = [child.due_s for child in self.model.values() if child.state == "backoff"]
            due += [
                child.hung_since_s + HANG_LIMIT_S
                for child in self.model.values()
                if child.hung_since_s is not None
            ]
            if not due or min(due) > until_s:
                break
            self.now_s = min(due)
            self.model_time_came()
        if not self.over:
            self.now_s = until_s
        self.world.green.run(until=START + timedelta(seconds=until_s))

    @precondition(lambda self: self.over)
    @rule()
    def rest(self) -> None:
        """After the root gave up there is nothing left to do."""

    def send(self, name: str, messages: list[object]) -> None:
        child = self.model[name]
        for message in messages:
            self.sent += 1
            if child.state == "stopped":
                self.dead[name, "stopped"] += 1
            elif len(child.queue) >= BOUND:
                self.dead[name, "full"] += 1
            else:
                child.queue.append(message)
            self.world.tell(name, message)
        self.model_pump(name)
        self.world.green.run(until=START + timedelta(seconds=self.now_s))

    def model_pump(self, name: str) -> None:
        child = self.model[name]
        while child.state == "up" and child.hung_since_s is None and child.queue and not self.over:
            message = child.queue.pop(0)
            if isinstance(message, Note):
                child.handled.append(message.text)
            elif isinstance(message, Block):
                child.hung_since_s = self.now_s
            elif isinstance(message, Finish):
                self.model_end(name, normal=True)
            else:
                self.dead[name, "crashed: ValueError"] += 1
                self.model_end(name, normal=False)

    def model_time_came(self) -> None:
        for name, child in self.model.items():
            if child.hung_since_s is not None and child.hung_since_s + HANG_LIMIT_S <= self.now_s:
                child.hung_since_s = None
                self.dead[name, "hung"] += 1
                self.model_end(name, normal=False)
                if self.over:
                    return
        for name, child in self.model.items():
            if child.state == "backoff" and child.due_s <= self.now_s:
                self.model_start(name)

    def model_start(self, name: str) -> None:
        child = self.model[name]
        child.state = "up"
        child.epoch += 1
        if self.strategy is RestartStrategy.REST_FOR_ONE:
            later = NAMES[NAMES.index(name) + 1 :]
            for held in later:
                if self.model[held].state == "held":
                    self.model[held].state = "up"
                    self.model[held].epoch += 1
        for started in NAMES[NAMES.index(name) :]:
            self.model_pump(started)

    def model_end(self, name: str, *, normal: bool) -> None:
        child = self.model[name]
        if child.restart is Restart.TEMPORARY or (normal and child.restart is Restart.TRANSIENT):
            self.model_stop(name)
            return
        self.window = [at for at in self.window if at >= self.now_s - PERIOD_S] + [self.now_s]
        if len(self.window) > self.intensity:
            self.over = True
            return
        child.state = "backoff"
        child.due_s = self.now_s + BACKOFF_S
        if self.strategy is RestartStrategy.REST_FOR_ONE:
            for later in NAMES[NAMES.index(name) + 1 :]:
                if self.model[later].restart is Restart.TEMPORARY:
                    self.model_stop(later)
                elif self.model[later].state != "stopped":
                    self.model[later].state = "held"

    def model_stop(self, name: str) -> None:
        child = self.model[name]
        if child.state != "stopped":
            child.state = "stopped"
            child.hung_since_s = None
            self.dead[name, "stopped"] += len(child.queue)
            child.queue.clear()

    @invariant()
    def they_agree(self) -> None:
        if self.world.system is None:
            return
        if self.over:
            assert self.world.exit().kind is ExitKind.ROOT_EXHAUSTED
            return
        status = {cell.name: cell for cell in self.world.system.status()}
        for name, child in self.model.items():
            assert (status[name].state.value, status[name].epoch) == (child.state, child.epoch), name
            assert status[name].mailbox_depth == len(child.queue), name
            assert [note[2] for note in self.world.noted("note") if note[1] == name] == child.handled, name
        letters = self.world.system.dead_letters.items()
        assert Counter((letter.to.removeprefix("root/"), letter.why) for letter in letters) == self.dead


SupervisorMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)
TestSupervisorModel = SupervisorMachine.TestCase
