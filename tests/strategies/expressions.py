"""Hypothesis strategies for the expression language: typed expressions as text, and rows to run them on."""

from __future__ import annotations

from hypothesis import strategies as st

from satark.language import ListInfo, NameInfo, Schema, Type

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
NAMES = {
    "a": NameInfo(Type.INT),
    "b": NameInfo(Type.INT),
    "n": NameInfo(Type.INT, nullable=False),
    "f": NameInfo(Type.FLOAT),
    "g": NameInfo(Type.FLOAT, nullable=False),
    "p": NameInfo(Type.BOOL),
    "q": NameInfo(Type.BOOL, nullable=False),
    "s": NameInfo(Type.STR),
    "custom.r": NameInfo(Type.STR),
    "t": NameInfo(Type.TIME),
    "u": NameInfo(Type.TIME, nullable=False),
    "x": NameInfo(Type.LOCATION),
    "y": NameInfo(Type.LOCATION),
}
LISTS = {"texts": ["card", "", "é"], "numbers": [0, 1, INT_MAX], "gone": None}
SCHEMA = Schema(
    NAMES,
    {"texts": ListInfo(Type.STR), "numbers": ListInfo(Type.INT), "gone": ListInfo(Type.STR)},
    {"limit": 4},
)
ORDER = list(NAMES)

INTS = st.one_of(
    st.integers(-3, 3),
    st.integers(INT_MIN, INT_MAX),
    st.sampled_from([INT_MIN, INT_MIN + 1, INT_MAX, INT_MAX - 1, 2**53 + 1, -(2**53) - 1, 2**62, 2**32]),
)
FLOATS = st.one_of(
    st.sampled_from(
        [0.0, -0.0, 0.5, 1.5, 2.5, -1.0, 1e308, -1.7976931348623157e308, 5e-324, 2.0**53, 2.0**63]
    ),
    st.floats(allow_nan=False, allow_infinity=False),
)
TEXTS = st.one_of(
    st.sampled_from(
        ["", "card", "CARD", "Straße", "ΟΔΟΣ", "İstanbul", "सोने का सिक्का", "é", "e\u0301", "%_[.*"]
    ),
    st.text(
        st.characters(codec="utf-8", categories=("L", "N", "P", "Zs", "M"), max_codepoint=0x1FFF), max_size=6
    ),
)
# From the year 1 to the year 9999, in microseconds.
TIMES = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)
PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180), st.just(10.0))
VALUES = {
    Type.INT: INTS,
    Type.FLOAT: FLOATS,
    Type.BOOL: st.booleans(),
    Type.STR: TEXTS,
    Type.TIME: TIMES,
    Type.LOCATION: PLACES,
}
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\t": r"\t"})


def rows() -> st.SearchStrategy[list]:
    """Draw the values of `ORDER`; nullable names are often None."""
    return st.tuples(
        *(
            st.one_of(st.none(), VALUES[info.type]) if info.nullable else VALUES[info.type]
            for info in NAMES.values()
        )
    ).map(list)


def literal(kind: Type) -> st.SearchStrategy[str]:
    """Draw a literal as text."""
    if kind is Type.STR:
        plain = TEXTS.filter(lambda t: t.isprintable())
        return plain.map(lambda t: f'"{t.translate(_ESCAPES)}"')
    if kind is Type.FLOAT:
        return FLOATS.map(repr)
    if kind is Type.BOOL:
        return st.sampled_from(["True", "False"])
    return INTS.map(str)


def _leaf(kind: Type) -> st.SearchStrategy[str]:
    names = st.sampled_from([name for name, info in NAMES.items() if info.type is kind])
    if kind in (Type.TIME, Type.LOCATION):
        return names
    if kind is Type.INT:
        constants = st.sampled_from(["limit", "rupees(0.5)", "minutes(3)", "hours(0.5)", "days(2)"])
        return st.one_of(names, literal(kind), constants)
    return st.one_of(names, names, literal(kind))


@st.composite
def expressions(draw, kind: Type, depth: int = 4) -> str:
    """Draw the text of an expression of one type, nested to a depth."""
    if depth <= 0 or draw(st.integers(0, 5)) == 0:
        return draw(_leaf(kind))

    def sub(other: Type) -> str:
        return draw(expressions(other, depth - 1))

    def number() -> str:
        return sub(draw(st.sampled_from([Type.INT, Type.FLOAT])))

    anything = [
        lambda: f"coalesce({sub(kind)}, {sub(kind)})",
        lambda: f"if_else({sub(Type.BOOL)}, {sub(kind)}, {sub(kind)})",
    ]
    comparison = draw(st.sampled_from(["==", "!=", "<", "<=", ">", ">="]))
    own = {
        Type.INT: [
            lambda: f"({sub(kind)} {draw(st.sampled_from('+-*%'))} {sub(kind)})",
            lambda: f"-({sub(kind)})",
            lambda: f"abs({sub(kind)})",
            lambda: f"min({sub(kind)}, {sub(kind)})",
            lambda: f"max({sub(kind)}, {sub(kind)}, {sub(kind)})",
            lambda: f"round({number()})",
            lambda: f"length({sub(Type.STR)})",
            lambda: f"hour({sub(Type.TIME)})",
        ],
        Type.FLOAT: [
            lambda: f"({number()} {draw(st.sampled_from('+-*'))} {sub(kind)})",
            lambda: f"({number()} / {number()})",
            lambda: f"-({sub(kind)})",
            lambda: f"abs({sub(kind)})",
            lambda: f"min({sub(kind)}, {number()})",
            lambda: f"max({sub(kind)}, {number()})",
            lambda: f"({sub(Type.TIME)} - {sub(Type.TIME)})",
        ],
        Type.BOOL: [
            lambda: f"({sub(kind)} and {sub(kind)})",
            lambda: f"({sub(kind)} or {sub(kind)} or {sub(kind)})",
            lambda: f"(not {sub(kind)})",
            lambda: f"({number()} {comparison} {number()})",
            lambda: f"({sub(Type.STR)} {comparison} {sub(Type.STR)})",
            lambda: f"({sub(Type.TIME)} {comparison} {sub(Type.TIME)})",
            lambda: f"({sub(kind)} {draw(st.sampled_from(['==', '!=']))} {sub(kind)})",
            lambda: f"({number()} {comparison} {number()} <= {number()})",
            lambda: f"({sub(Type.STR)} in [{draw(literal(Type.STR))}, {draw(literal(Type.STR))}])",
            lambda: f"({number()} not in ({draw(literal(Type.INT))}, {draw(literal(Type.FLOAT))}))",
            lambda: f"({sub(Type.INT)} in [{draw(literal(Type.INT))}, {draw(literal(Type.INT))}])",
            lambda: f"missing({sub(draw(st.sampled_from(list(VALUES))))})",
            lambda: f'listed({sub(Type.STR)}, "{draw(st.sampled_from(["texts", "gone"]))}")',
            lambda: f'listed({sub(Type.INT)}, "numbers")',
            lambda: f'startswith({sub(Type.STR)}, "c")',
            lambda: f'endswith({sub(Type.STR)}, "d")',
            lambda: f'contains({sub(Type.STR)}, "%_[.*")',
            lambda: f"(km({sub(Type.LOCATION)}, {sub(Type.LOCATION)}) > 5000)",
        ],
        Type.STR: [lambda: f"lower({sub(kind)})"],
        Type.TIME: [lambda: f"max({sub(kind)}, {sub(kind)})"],
        Type.LOCATION: [],
    }
    return draw(st.sampled_from([*own[kind], *own[kind], *anything]))()
