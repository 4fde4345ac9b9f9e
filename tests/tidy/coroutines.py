"""What a reader can't see at a glance in an `async def`: a call that nobody awaits, an effect at its closing.

mypy refuses a forgotten `await` only where the value is not used: it takes `sent = line.record(…)`, after
which `isinstance(sent, Refused)` is never true. So calls are checked by name, room by room.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeAlias

Trees: TypeAlias = Mapping[str, ast.Module]
"""Modules by their dotted name."""
SCHEDULER = "actors.runtime.actor.conversations"
STARTERS = {"conversations", "_conversations"}
AWAITABLE = ("Awaitable", "Coroutine", "Conversation[")
TIDYING = {"discard", "pop"}
CATCH_ALL = {"BaseException", "GeneratorExit", "Fenced", "EffectWhileClosing"}
_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass
class Names:
    """What is an `async def`, as one module may call it."""

    bare: set[str] = field(default_factory=set)
    """Functions of the module itself, and those that it imports."""
    methods: set[str] = field(default_factory=set)
    """Methods of any class of its room, and of `Conversations`."""
    modules: dict[str, set[str]] = field(default_factory=dict)
    """The functions of imported modules, by the name of the module here."""

    def refers(self, node: ast.AST, local: set[str]) -> bool:
        """Whether it is an `async def`, not called."""
        match node:
            case ast.Name(id=name):
                return name in self.bare or name in local
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in self.modules:
                return name in self.modules[module]
            case ast.Attribute(attr=name):
                return name in self.methods
            case ast.IfExp(body=body, orelse=other):
                return self.refers(body, local) or self.refers(other, local)
            case _:
                return False


def texts(root: Path, folder: str) -> dict[str, str]:
    """The source of every module below a folder of the checkout, by its dotted name."""
    paths = sorted((root / folder).rglob("*.py"))
    names = [".".join(path.relative_to(root).with_suffix("").parts) for path in paths]
    return {
        name.removesuffix(".__init__"): path.read_text("utf-8")
        for name, path in zip(names, paths, strict=True)
    }


def modules(root: Path, folder: str) -> dict[str, ast.Module]:
    """Every module below a folder of the checkout."""
    return {name: ast.parse(text) for name, text in texts(root, folder).items()}


def names_of(module: str, trees: Trees) -> Names:
    """The names of each `async def` that the module may call."""
    # The runtime has plain methods of the same names as those of `Conversations`.
    room = module if module.startswith("actors.runtime.") else ".".join(module.split(".")[:2])
    names = Names(bare=_functions(trees[module]))
    for other, tree in trees.items():
        in_room = other == room or other.startswith(f"{room}.")
        if in_room or (other == SCHEDULER and room != module):
            names.methods |= _methods(tree)
    for node in ast.walk(trees[module]):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        for alias in node.names:
            here, whole = alias.asname or alias.name, f"{node.module}.{alias.name}"
            if whole in trees:
                names.modules[here] = _functions(trees[whole])
            elif node.module in trees and alias.name in _functions(trees[node.module]):
                names.bare.add(here)
    return names


def unawaited(tree: ast.AST, names: Names) -> Iterator[int]:
    """The line of each call of an `async def` that is neither awaited nor started as a conversation."""
    for function in ast.walk(tree):
        if isinstance(function, _Function | ast.Module):
            yield from _unawaited_in(function, names, set())


def effects_at_closing(tree: ast.AST) -> Iterator[int]:
    """The lines of what could have an effect, or wait, while an `async def` is closed at an `await`."""
    for function in ast.walk(tree):
        if isinstance(function, ast.AsyncFunctionDef):
            for node in _own(function):
                yield from _at_closing(node)


def _unawaited_in(function: ast.AST, names: Names, local: set[str]) -> Iterator[int]:
    """Those of one function, without the functions within."""
    local = local | _awaitable_arguments(function)
    own = list(_own(function))
    local |= {
        target.id
        for node in own
        if isinstance(node, ast.Assign) and names.refers(node.value, local)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    started = {id(argument) for node in own for argument in _started(node)}
    fine = {id(node.value) for node in own if isinstance(node, ast.Await)} | started
    for node in own:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                uses = [use for use in own if isinstance(use, ast.Name) and use.id == name]
                uses = [use for use in uses if isinstance(use.ctx, ast.Load)]
                if uses and all(id(use) in started for use in uses):
                    fine.add(id(call))
            case _:
                pass
    for node in own:
        if isinstance(node, ast.Call) and names.refers(node.func, local) and id(node) not in fine:
            yield node.lineno


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without its signature and without the functions and lambdas within."""
    waiting: list[ast.AST] = []
    match function:
        case ast.Lambda(body=value):
            waiting = [value]
        case ast.Module(body=body) | ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
            waiting = list(body)
        case _:
            pass
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _Function):
            waiting.extend(ast.iter_child_nodes(node))


def _started(node: ast.AST) -> list[ast.expr]:
    """The arguments, if it is a call of `conversations.start`."""
    match node:
        case (
            ast.Call(func=ast.Attribute(value=ast.Attribute(attr=owner), attr="start"), args=args)
            | ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="start"), args=args)
        ) if owner in STARTERS:
            return args
        case _:
            return []


def _awaitable_arguments(function: ast.AST) -> set[str]:
    if not isinstance(function, _Function):
        return set()
    arguments = function.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    typed = {a.arg: ast.unparse(a.annotation) for a in every if a.annotation is not None}
    return {
        name for name, type_ in typed.items() if "Callable" in type_ and any(a in type_ for a in AWAITABLE)
    }


@cache
def _functions(tree: ast.AST) -> set[str]:
    """Each `async def` that is no method, also within functions."""
    every = {node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}
    return {node.name for node in every} - _methods(tree)


@cache
def _methods(tree: ast.AST) -> set[str]:
    classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return {node.name for cls in classes for node in cls.body if isinstance(node, ast.AsyncFunctionDef)}


def _at_closing(node: ast.AST) -> Iterator[int]:
    match node:
        case ast.AsyncWith() | ast.AsyncFor() | ast.Yield() | ast.YieldFrom():
            yield node.lineno
        case ast.comprehension(is_async=1):
            yield node.target.lineno
        case ast.With():
            # What a context manager does at its end can't be seen here.
            if any(isinstance(inner, ast.Await) for inner in ast.walk(node)):
                yield node.lineno
        case ast.Try() | ast.TryStar():
            yield from (statement.lineno for statement in node.finalbody if not _only_tidies(statement))
            for handler in node.handlers:
                yield from _in_handler(handler)
        case _:
            pass


def _in_handler(handler: ast.ExceptHandler) -> Iterator[int]:
    """A handler that takes the closing, too, may tidy and must raise again."""
    caught = ast.walk(handler.type) if handler.type is not None else ()
    names = {getattr(node, "id", getattr(node, "attr", "")) for node in caught}
    if handler.type is not None and not names & CATCH_ALL:
        return
    *before, last = handler.body
    if not isinstance(last, ast.Raise) or last.exc is not None:
        yield last.lineno
    yield from (statement.lineno for statement in before if not _only_tidies(statement))


def _only_tidies(statement: ast.stmt) -> bool:
    """Whether it only puts values of our own in order: assignments, `del`, `discard`, `pop`."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Delete | ast.Expr):
        return False
    for node in ast.walk(statement):
        if isinstance(node, ast.Await):
            return False
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") not in TIDYING:
            return False
    return True
