"""A call of an `async def` is awaited or started; a conversation that is closed has no effect."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from functools import cache

import pytest

from tests.tidy.coroutines import SCHEDULER, Names, effects_at_closing, modules, names_of, texts, unawaited
from tests.tidy.sources import ROOT


@cache
def trees() -> dict[str, ast.Module]:
    return modules(ROOT, "actors")


def rooms() -> list[str]:
    """Every module that has a conversation, without the scheduler itself, which awaits its own awaitable."""
    return [name for name, text in texts(ROOT, "actors").items() if name != SCHEDULER and "async def" in text]


def test_no_call_of_a_conversation_is_forgotten() -> None:
    found = [
        f"{module}:{line}: await it, or give it to conversations.start; if it is a plain function, give it "
        "another name than the `async def` of its room"
        for module, tree in trees().items()
        for line in unawaited(tree, names_of(module, trees()))
    ]
    assert found == []


@pytest.mark.parametrize("module", rooms())
def test_any_await_that_was_forgotten_would_be_found(module: str) -> None:
    tree, names = trees()[module], names_of(module, trees())
    missed = []
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]:
        for awaiting in [node for node in ast.walk(function) if isinstance(node, ast.Await)]:
            forgotten = Forgetting(awaiting).visit(copy.deepcopy(function))
            if list(unawaited(forgotten, names)) != [awaiting.value.lineno]:
                missed.append(f"{module}:{awaiting.lineno}: {ast.unparse(awaiting)}")
    assert missed == []


class Forgetting(ast.NodeTransformer):
    """Takes away one `await`, found by its place."""

    def __init__(self, awaiting: ast.Await) -> None:
        self._place = (awaiting.lineno, awaiting.col_offset)

    def visit_Await(self, node: ast.Await) -> ast.AST:
        kept = self.generic_visit(node)
        return node.value if (node.lineno, node.col_offset) == self._place else kept


def test_there_are_awaits_to_be_forgotten() -> None:
    awaits = [node for room in rooms() for node in ast.walk(trees()[room]) if isinstance(node, ast.Await)]
    assert len(awaits) > 100


ORDER = Names(bare={"cancel_all"}, methods={"cancel", "_talk"}, modules={"placing": {"place"}})


def in_function(*statements: str, signature: str = "self, order, flag") -> ast.Module:
    lines = "".join(f"    {statement}\n" for statement in statements)
    return ast.parse(f"async def talk({signature}):\n{lines}")


@pytest.mark.parametrize(
    "statement",
    [
        "order.cancel()",
        "_ = order.cancel()",
        "sent = order.cancel()",
        "found.append(order.cancel())",
        "both = (order.cancel(), 1)",
        "every = [order.cancel() for order in orders]",
        "every = [await o.look() for o in order.cancel()]",
        "text = f'{order.cancel()}'",
        "sent = order.cancel() if flag else None",
        "flag and order.cancel()",
        "callback(order.cancel())",
        "self.ctx.call_later(1.0, order.cancel())",
        "self.conversations.deliver(key, order.cancel())",
        "self.conversations.start(name, started(order.cancel()))",
        "self.ctx.log().info('%s', order.cancel())",
        "later = lambda: order.cancel()",
        "return order.cancel()",
        "await order.cancel().result",
        "cancel_all()",
        "sent = placing.place(spec)",
        "stop = order.cancel; stop()",
        "stop = order.cancel if flag else self._talk; sent = stop()",
        "talk = self._talk(); self.talk = talk; self.conversations.start(name, talk)",
        "self.queue.start(name, self._talk())",
    ],
)
def test_a_call_that_nobody_awaits_is_found(statement: str) -> None:
    assert list(unawaited(in_function(statement), ORDER)) == [2]


def test_a_call_of_an_argument_that_is_a_coroutine_function_is_found() -> None:
    signature = "self, read: Callable[[str], Awaitable[int]]"
    assert list(unawaited(in_function("market = read('entry')", signature=signature), ORDER)) == [2]


@pytest.mark.parametrize(
    "statement",
    [
        "sent = await order.cancel()",
        "return (await order.cancel(), await cancel_all())",
        "self.conversations.start(name, self._talk())",
        "talk = self._talk(); self._desk.conversations.start(name, talk)",
        "place(spec)",
        "self.file.close()",
    ],
)
def test_a_call_that_is_awaited_or_started_is_fine(statement: str) -> None:
    assert list(unawaited(in_function(statement), ORDER)) == []


def test_names_are_those_of_the_room_and_of_what_it_imports() -> None:
    made = {
        SCHEDULER: "class Conversations:\n    async def event(self): ...",
        "actors.a.order": "async def cancel(): ...\nclass Order:\n    async def take(self): ...",
        "actors.b.order": "async def cancel(): ...\nclass Order:\n    async def look(self): ...",
        "actors.a.actor": "from actors.a.order import cancel as stop\nfrom actors.b import order\n",
    }
    names = names_of("actors.a.actor", {module: ast.parse(source) for module, source in made.items()})
    assert names == Names(bare={"stop"}, methods={"event", "take"}, modules={"order": {"cancel"}})


def test_nothing_that_a_conversation_does_at_its_closing_has_an_effect() -> None:
    found = [f"{module}:{line}" for module, tree in trees().items() for line in effects_at_closing(tree)]
    assert found == []


ENDINGS = [
    "await line.cancel()",
    "self.ctx.tell(address, Done())",
    "alarm.alert(x)",
    "tell(address)",
    "line.void(permit)",
    "self.conversations.deliver(key, None)",
    "self.ctx.stop_self()",
    "reply.set(value)",
    "if flag: pass",
    "left = self.say()",
    "raise ValueError",
    "return",
]


def closings(ending: str) -> Iterator[str]:
    """Each way to run a statement while an `async def` is closed; the statement is in line 5."""
    for how in (
        "finally",
        "except GeneratorExit",
        "except (OSError, BaseException)",
        "except",
        "except* BaseException",
    ):
        raising = "" if how == "finally" else "\n        raise"
        yield f"async def talk():\n    try:\n        await fetch()\n    {how}:\n        {ending}{raising}\n"


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_effect_at_the_closing_is_found(ending: str) -> None:
    for source in closings(ending):
        if "except*" in source and ending == "return":
            continue  # The language refuses it.
        assert list(effects_at_closing(ast.parse(source))) == [5], source


@pytest.mark.parametrize(
    "body",
    [
        "async with line:\n        pass",
        "async for event in line:\n        pass",
        "every = [event async for event in line]",
        "yield 1",
        "with alarm:\n        await fetch()",
        "with ExitStack() as stack:\n        stack.callback(line.alert)\n        await fetch()",
    ],
)
def test_what_hides_its_end_is_found(body: str) -> None:
    assert list(effects_at_closing(ast.parse(f"async def talk():\n    {body}\n"))) == [2]


@pytest.mark.parametrize(
    "how", ["except GeneratorExit", "except BaseException", "except", "except exits.Fenced"]
)
def test_a_handler_that_keeps_the_closing_to_itself_is_found(how: str) -> None:
    source = f"async def talk():\n    try:\n        await fetch()\n    {how}:\n        self.step = None\n"
    assert list(effects_at_closing(ast.parse(source))) == [5]


@pytest.mark.parametrize(
    "ending",
    ["self.step = None", "del self.exits[name]", "names.discard(name)", "names.pop(name, None)", "n -= 1"],
)
def test_what_only_tidies_at_the_closing_is_fine(ending: str) -> None:
    for source in closings(ending):
        assert list(effects_at_closing(ast.parse(source))) == [], source
