"""Calls of functions: their names, the number and types of their arguments, lists, constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.language.diagnostics import did_you_mean, quoted
from satark.language.operators import alike, described, to_float
from satark.language.registry import FUNCTIONS
from satark.language.tree import Call, Literal, Node
from satark.language.types import NUMERIC, Type, one_of

if TYPE_CHECKING:
    from satark.language.checker import Checker
    from satark.language.function import Function, Parameter
    from satark.language.syntax import CallSyntax, Syntax


def check_call(syntax: CallSyntax, checker: Checker) -> Node | None:
    """Return the typed call (or the constant it stands for), or None when it is wrong (and reported)."""
    function = FUNCTIONS.get(syntax.function)
    if function is None:
        _unknown(syntax, checker)
        return None
    if not function.accepts(len(syntax.arguments)):
        for argument in syntax.arguments:
            checker.check(argument)
        checker.reporter.report(
            syntax.start,
            "wrong_arguments",
            f"`{function.name}` has the wrong number of arguments",
            found=str(len(syntax.arguments)),
            expected=function.signature,
        )
        return None
    nodes: list[Node] = []
    for index, argument in enumerate(syntax.arguments):
        node = _argument(function, function.parameter(index), argument, checker)
        if node is not None:
            nodes.append(node)
    if len(nodes) < len(syntax.arguments):
        return None
    return _typed(function, syntax, nodes, checker)


def _unknown(syntax: CallSyntax, checker: Checker) -> None:
    for argument in syntax.arguments:
        checker.check(argument)
    hint = did_you_mean(syntax.function, FUNCTIONS)
    subject, dot, method = syntax.function.rpartition(".")
    if dot and method in FUNCTIONS:
        hint = f"write {method}({subject[:40]}{', ...' if syntax.arguments else ''})"
    elif syntax.function in checker.schema.names:
        hint = f"`{syntax.function}` is a value; write it without brackets"
    checker.reporter.report(
        syntax.start, "unknown_function", f"there is no function {quoted(syntax.function)}", hint=hint
    )


def _argument(function: Function, parameter: Parameter, syntax: Syntax, checker: Checker) -> Node | None:
    node = checker.check(syntax)
    if node is None:
        return None
    where = f"`{parameter.name}` of {function.signature}"
    if node.type not in parameter.types:
        checker.reporter.report(
            syntax.start,
            "type_mismatch",
            f"this cannot be {where}",
            found=described(node),
            expected=one_of(parameter.types),
        )
        return None
    if parameter.constant and not isinstance(node, Literal):
        checker.reporter.report(
            syntax.start,
            "not_constant",
            f"{where} must be a constant",
            found=described(node),
            expected=f"a literal of type {one_of(parameter.types)}",
        )
        return None
    if parameter.names_list and isinstance(node, Literal):
        if node.value not in checker.schema.lists:
            hint = did_you_mean(str(node.value), checker.schema.lists).replace("`", '"')
            checker.reporter.report(
                syntax.start, "unknown_list", f"there is no list {quoted(str(node.value))}", hint=hint
            )
            return None
        checker.lists.add(str(node.value))
    elif parameter.constant and isinstance(node, Literal) and node.value == "":
        checker.reporter.report(
            syntax.start, "wrong_arguments", f"{where} is empty", hint="every text has it"
        )
        return None
    return node


def _typed(function: Function, syntax: CallSyntax, nodes: list[Node], checker: Checker) -> Node | None:
    unified = _unify(function, syntax, nodes, checker)
    if unified is None:
        return None
    if not _fits_its_list(syntax, unified, checker):
        return None
    if function.fold is not None:
        constant = unified[0]
        value = function.fold(constant.value) if isinstance(constant, Literal) else None
        if value is None:
            checker.reporter.report(
                syntax.arguments[0].start,
                "out_of_range",
                f"{function.name}() cannot have this value",
                found=described(constant),
                expected=function.doc.en,
            )
            return None
        return checker.literal(syntax.start, value)
    result = function.result
    if result is None:
        result = next(n.type for i, n in enumerate(unified) if function.parameter(i).alike)
    arguments = tuple(unified)
    return Call(result, function.nullable(arguments), function.name, arguments)


def _unify(function: Function, syntax: CallSyntax, nodes: list[Node], checker: Checker) -> list[Node] | None:
    """Bring the arguments that must be alike to one type."""
    places = [i for i in range(len(nodes)) if function.parameter(i).alike]
    if not places:
        return nodes
    first = nodes[places[0]]
    wrong = False
    for place in places[1:]:
        if alike(first, nodes[place]) is None:
            wrong = True
            checker.reporter.report(
                syntax.arguments[place].start,
                "type_mismatch",
                f"the values of {function.signature} must be of one type",
                found=described(nodes[place]),
                expected=described(first).replace(" ", " like ", 1),
            )
    if wrong:
        return None
    kinds = {nodes[place].type for place in places}
    if kinds == NUMERIC:
        return [to_float(n) if i in places else n for i, n in enumerate(nodes)]
    return nodes


def _fits_its_list(syntax: CallSyntax, nodes: list[Node], checker: Checker) -> bool:
    """Report a value that is asked of a list of another type."""
    function = FUNCTIONS[syntax.function]
    for index, node in enumerate(nodes):
        if not function.parameter(index).names_list or not isinstance(node, Literal):
            continue
        entries = checker.schema.lists[str(node.value)].type
        value = nodes[0]
        if value.type is not entries and entries is not Type.NULL:
            checker.reporter.report(
                syntax.arguments[0].start,
                "type_mismatch",
                f"the list `{node.value}` has values of another type",
                found=described(value),
                expected=str(entries),
            )
            return False
    return True
