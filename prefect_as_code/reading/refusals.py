"""Why a flow cannot be read: file, line, parameter, and what to do."""

import ast
import inspect
from typing import Any

from .rules import Unresolvable
from .sources import Source
from .statements import Function


class Unread(Exception):
    """A flow that cannot be read; the text says where, which parameter, why, and what to do."""


def definition(module: Source, function: str) -> Any:
    """The last definition of ``function`` or ``Class.method``; none where it is made otherwise."""
    body: Any = [statement.node for statement in module.statements]
    node: Any = None
    for name in function.split("."):
        found = [
            each for each in body if isinstance(each, Function | ast.ClassDef) and each.name == name
        ]
        if not found:
            return None
        node = found[-1]
        body = node.body
    return node


def place(module: Source, node: Any) -> str:
    return f"{module.shown}:{node.lineno}" if node is not None else module.shown


def unknown_function(module: Source, function: str) -> str:
    nodes = [s.node for s in module.statements if isinstance(s.node, Function)]
    known = ", ".join(dict.fromkeys(node.name for node in nodes)) or "none"
    return f"{module.shown} has no function {function}; it has {known}"


def explained(error: Exception, module: Source, function: str, parameters: bool) -> str:
    """Of all that a flow is read from, what could not be."""
    node = definition(module, function)
    if isinstance(node, Function):
        if parameters and (told := _parameter(module, node)):
            return (
                f"{told}. Write a plain constant or type there; or declare the schema as "
                "`parameter_schema=…`, or that the module may be imported as `importable=True`."
            )
        for decorator in node.decorator_list:
            if why := _failure(module, decorator):
                where = f"{module.shown}:{decorator.lineno}"
                return _only_imported(f"{where}: @{ast.unparse(decorator)} of {function}: {why}")
    why = _words(error)
    if why.startswith(f"{module.shown}:"):
        return _only_imported(f"{function} cannot be read: {why}")
    return _only_imported(f"{place(module, node)}: {function} cannot be read: {why}")


def _only_imported(told: str) -> str:
    return (
        f"{told}. Write it so that it needs only what is the same everywhere; or declare that "
        "the module may be imported as `importable=True`."
    )


def _parameter(module: Source, node: Any) -> str | None:
    args = node.args
    usual = [*args.posonlyargs, *args.args]
    defaults = dict(zip(reversed([a.arg for a in usual]), reversed(args.defaults), strict=False))
    defaults |= {a.arg: d for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d}
    for arg in filter(None, [*usual, args.vararg, *args.kwonlyargs, args.kwarg]):
        for what, expression in (("type", arg.annotation), ("default", defaults.get(arg.arg))):
            if expression is not None and (why := _failure(module, expression, what == "type")):
                return (
                    f"{module.shown}:{expression.lineno}: parameter {arg.arg} of {node.name}: "
                    f"its {what} `{ast.unparse(expression)}` cannot be known: {why}"
                )
        if why := _schema_failure(module, arg, defaults.get(arg.arg)):
            return (
                f"{module.shown}:{arg.lineno}: parameter {arg.arg} of {node.name} "
                f"has no schema: {why}"
            )
    return None


def _failure(module: Source, node: ast.expr, annotation: bool = False) -> str | None:
    """Why an expression cannot be evaluated; none if it can be."""
    troubles = module.repository.watch.troubles
    before = len(troubles)
    try:
        value = module.evaluate(node)
        if annotation and isinstance(value, str):
            module.evaluate(ast.parse(value, mode="eval").body)
    except Exception as error:
        return _words(error)
    return str(troubles[before]) if troubles[before:] else None


def _schema_failure(module: Source, arg: Any, default: ast.expr | None) -> str | None:
    from prefect.utilities.callables import generate_parameter_schema

    empty = inspect.Parameter.empty
    troubles = module.repository.watch.troubles
    before = len(troubles)
    try:
        parameter = inspect.Parameter(
            arg.arg,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=module.evaluate(arg.annotation) if arg.annotation else empty,
            default=module.evaluate(default) if default else empty,
        )
        generate_parameter_schema(inspect.Signature([parameter]), {})
    except ImportError as error:
        hidden = module.repository.watch.hidden
        return f"{_words(error)}, as {hidden[-1]}" if hidden else _words(error)
    except Exception as error:
        return _words(error)
    return str(troubles[before]) if troubles[before:] else None


def _words(error: Exception) -> str:
    lines = str(error).splitlines()
    told = lines[0] if lines else type(error).__name__
    return told if isinstance(error, Unresolvable) else f"{type(error).__name__}: {told}"
