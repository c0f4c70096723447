"""A module's statements, with what each binds, changes and needs when it is run."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef

ENVIRONMENT = "<environment>"  # stands for os.environ among the names of a module
_ENVIRONMENT = {"environ", "environb", "getenv", "putenv", "unsetenv", "load_dotenv"}

# Of what @flow and with_options take, all that has no part in name, description and parameters.
ELSEWHERE = {
    *("version", "flow_run_name", "retries", "retry_delay_seconds", "task_runner"),
    *("timeout_seconds", "persist_result", "result_storage", "result_serializer"),
    *("cache_result_in_memory", "log_prints"),
    *("on_completion", "on_failure", "on_cancellation", "on_crashed", "on_running"),
}
CALL = "__call_without_what_is_of_no_matter__"
ASK = "__ask_whether_it_may_be_called__"


@dataclass(eq=False)
class Test:
    """The condition of an ``if`` at the top of a module, evaluated once."""

    node: ast.expr
    known: bool | None = None


@dataclass(eq=False)
class Statement:
    """One statement at the top of a module, or in a branch of an ``if`` there.

    ``binds`` are the names that it gives a value, ``changes`` those whose value it changes for
    certain (``X.a = 1``), ``uses`` those that it may change, ``needs`` all that it loads.
    ``tests`` are the conditions under which it is run.
    """

    index: int
    node: ast.stmt
    tests: tuple[tuple[Test, bool], ...]
    binds: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)

    @property
    def is_dynamic(self) -> bool:
        """Whether the names that it has to do with cannot be seen."""
        return bool(self.needs & {"globals", "locals", "vars", "exec", "eval"})


def parse(path: Path) -> ast.Module:
    """Raises SyntaxError, also for bytes that are not what the coding line says."""
    return ast.parse(path.read_bytes(), str(path))  # bytes: Python minds a BOM and a coding line


def statements(body: list[ast.stmt]) -> list[Statement]:
    """All of a module's, in their order."""
    flat = [Statement(i, node, tests) for i, (node, tests) in enumerate(_flat(body, ()))]
    bodies = {s.node.name: _loads(s.node.body) for s in flat if isinstance(s.node, Function)}
    changed = {s.node.name: _globals(s.node) for s in flat if isinstance(s.node, Function)}
    for each in flat:
        _describe(each, bodies)
        for name in each.uses & changed.keys():
            each.changes |= changed[name]
    everything = {name for each in flat for name in each.binds}
    for each in flat:
        if each.is_dynamic:  # it may need and change whatever there is
            each.needs |= everything
            each.changes |= set() if isinstance(each.node, Function) else everything
    return flat


def _flat(
    body: list[ast.stmt], tests: tuple[tuple[Test, bool], ...]
) -> Iterator[tuple[ast.stmt, tuple[tuple[Test, bool], ...]]]:
    for node in body:
        if isinstance(node, ast.If):
            test = Test(node.test)
            yield from _flat(node.body, (*tests, (test, True)))
            yield from _flat(node.orelse, (*tests, (test, False)))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:  # one that fails takes no other with it
                one: Any = copy.copy(node)
                one.names = [alias]
                yield one, tests
        else:
            yield node, tests


def _describe(statement: Statement, bodies: dict[str, set[str]]) -> None:
    node = statement.node
    for part in _own(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store | ast.Del):
            statement.binds.add(part.id)
        elif isinstance(part, Function | ast.ClassDef | ast.ExceptHandler) and part.name:
            statement.binds.add(part.name)
        elif isinstance(part, ast.alias):
            statement.binds.add((part.asname or part.name).partition(".")[0])
        elif isinstance(part, ast.MatchAs | ast.MatchStar) and part.name:
            statement.binds.add(part.name)
        elif isinstance(part, ast.MatchMapping) and part.rest:
            statement.binds.add(part.rest)
        elif isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load):
            statement.changes |= {root(part)} - {""}
    if isinstance(node, Function | ast.ClassDef):
        used: list[ast.AST] = [*node.decorator_list, *getattr(node, "bases", ())]
        statement.changes |= _globals(node)  # when it is called
    else:
        used = [node]
    statement.uses = _loads(used)
    for name in [*statement.uses]:  # and what the functions do that it calls
        statement.uses |= bodies.get(name, set())
    statement.needs = _loads([node]) | {
        n for test, _ in statement.tests for n in _loads([test.node])
    }
    if mentions_environment(node):
        statement.needs.add(ENVIRONMENT)
        if _changes_environment(node):
            statement.changes.add(ENVIRONMENT)


def root(node: ast.expr) -> str:
    """``a`` of ``a.b["c"]``."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def receiver(node: ast.expr) -> str:
    """``a`` of the call ``a.b.c()``."""
    return root(node.func) if isinstance(node, ast.Call) else ""


def names(node: ast.AST) -> set[str]:
    """Those in an expression, and in the texts in it, which may be annotations."""
    found = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            try:
                found |= names(ast.parse(part.value, mode="eval"))
            except (SyntaxError, ValueError):
                continue
    return found


def _loads(nodes: list[Any]) -> set[str]:
    return {
        part.id
        for node in nodes
        for part in _own(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
    }


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement that count when it is run: no bodies of functions in it."""
    yield node
    skipped: list[Any] = []
    if isinstance(node, Function):
        skipped = [*node.body]
    if isinstance(node, ast.Lambda):
        skipped = [node.body]
    if isinstance(node, ast.comprehension):
        yield from _own(node.iter)
        for test in node.ifs:
            yield from _own(test)
        return
    if isinstance(node, ast.Call):
        skipped = [keyword for keyword in node.keywords if keyword.arg in ELSEWHERE]
    if isinstance(node, ast.ClassDef):  # what its body binds is its own
        for inner in ast.iter_child_nodes(node):
            for part in _own(inner):
                if not _binds(part):
                    yield part
        return
    for inner in ast.iter_child_nodes(node):
        if not any(inner is each for each in skipped):
            yield from _own(inner)


def _binds(part: ast.AST) -> bool:
    named = isinstance(part, Function | ast.ClassDef | ast.alias | ast.ExceptHandler)
    return named or (isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load))


def _globals(node: ast.AST) -> set[str]:
    return {n for part in ast.walk(node) if isinstance(part, ast.Global) for n in part.names}


def mentions_environment(node: ast.AST) -> bool:
    return any(
        (isinstance(part, ast.Attribute) and part.attr in _ENVIRONMENT)
        or (isinstance(part, ast.Name) and part.id in _ENVIRONMENT)
        for part in ast.walk(node)
    )


def _changes_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr | ast.For | ast.With | ast.Try | ast.While):
        return True
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    return any(isinstance(t, ast.Subscript) and mentions_environment(t) for t in targets)


class Rewritten(ast.NodeTransformer):
    """A statement as it is run: without what has no part in a flow's name and parameters.

    ``missing`` are names that cannot be had: annotations of returned values that need one go.
    Functions called ``bare`` lose the annotations and defaults of their parameters. Each call
    asks first whether it may be.
    """

    def __init__(self, missing: set[str], bare: str | None) -> None:
        self.missing, self.bare, self.inside = missing, bare, False

    def visit_FunctionDef(self, node: Any) -> Any:
        if node.returns is not None and names(node.returns) & self.missing:
            node.returns = None
        if node.name == self.bare:
            _strip(node.args)
        body, node.body = node.body, []
        self.generic_visit(node)
        self.inside, outer = True, self.inside
        node.body = [self.visit(each) for each in body]
        self.inside = outer
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        lazy = [k for k in node.keywords if k.arg in ELSEWHERE]
        node.func = _in_place(ast.Call(ast.Name(ASK, ast.Load()), [node.func], []), node.func)
        if self.inside or all(isinstance(k.value, ast.Constant) for k in lazy):
            return node
        others = ast.Dict([ast.Constant(k.arg) for k in lazy], [k.value for k in lazy])
        nothing = ast.arguments([], [], None, [], [], None, [])
        call = ast.Call(
            ast.Name(CALL, ast.Load()),
            [node.func, ast.Lambda(nothing, others), *node.args],
            [k for k in node.keywords if k not in lazy],
        )
        return _in_place(call, node)


def _in_place(new: Any, old: ast.AST) -> Any:
    return ast.fix_missing_locations(ast.copy_location(new, old))


def _strip(args: ast.arguments) -> None:
    for each in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]:
        if each is not None:
            each.annotation = None
    args.defaults = [ast.copy_location(ast.Constant(None), d) for d in args.defaults]
    args.kw_defaults = [d and ast.copy_location(ast.Constant(None), d) for d in args.kw_defaults]
