"""The typed tree to text in one form, so that equal expressions are known as equal."""

from __future__ import annotations

from satark.language.tree import (
    And,
    Arithmetic,
    Call,
    Compare,
    Literal,
    Member,
    Name,
    Negate,
    Node,
    Not,
    Or,
    Seconds,
    ToFloat,
)

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\t": r"\t"})


def canonical(node: Node) -> str:  # noqa: PLR0911 - one per kind of node
    """Write a typed tree; the text can be read again and gives the same tree.

    Examples
    --------
    >>> from satark.language.types import Type
    >>> canonical(Not(Type.BOOL, True, Name(Type.BOOL, True, "late")))
    'not late'
    """
    match node:
        case Literal(value=value):
            return constant(value)
        case Name(name=name):
            return name
        case ToFloat(operand=operand):
            return canonical(operand)
        case Negate(operand=operand):
            return f"-{_inner(operand)}"
        case Not(operand=operand):
            return f"not {_inner(operand)}"
        case Arithmetic(op=op, left=left, right=right) | Compare(op=op, left=left, right=right):
            return f"{_inner(left)} {op} {_inner(right)}"
        case Seconds(left=left, right=right):
            return f"{_inner(left)} - {_inner(right)}"
        case Member(item=item, values=values):
            return f"{_inner(item)} in [{', '.join(map(constant, values))}]"
        case And(items=items):
            return " and ".join(map(_inner, items))
        case Or(items=items):
            return " or ".join(map(_inner, items))
        case Call(function=function, arguments=arguments):
            return f"{function}({', '.join(map(canonical, arguments))})"
    raise AssertionError(node)


def constant(value: float | str) -> str:
    r"""Write a constant of the language.

    Examples
    --------
    >>> constant('say "hi"'), constant(2.0), constant(True)
    ('"say \\"hi\\""', '2.0', 'True')
    """
    return f'"{value.translate(_ESCAPES)}"' if isinstance(value, str) else repr(value)


def _inner(node: Node) -> str:
    text = canonical(node)
    while isinstance(node, ToFloat):
        node = node.operand
    plain = isinstance(node, (Name, Call)) or (isinstance(node, Literal) and not text.startswith("-"))
    return text if plain else f"({text})"
