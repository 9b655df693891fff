"""The words and signs of the language, and what to write instead of those of other languages."""

from __future__ import annotations

KEYWORDS = frozenset({"and", "or", "not", "in", "True", "False"})

_NO = "an expression has only comparisons, arithmetic, and, or, not, in, and the language's functions"

FOREIGN_WORDS = {
    "None": "write missing(x) to ask whether x is missing",
    "null": "write missing(x) to ask whether x is missing",
    "is": "write == to compare, missing(x) to ask whether x is missing",
    "if": "write if_else(condition, a, b)",
    "else": "write if_else(condition, a, b)",
    "true": "write True",
    "false": "write False",
    "AND": "write and",
    "OR": "write or",
    "NOT": "write not",
    "IN": "write in",
    **dict.fromkeys(
        (
            "lambda",
            "for",
            "while",
            "import",
            "from",
            "yield",
            "await",
            "async",
            "def",
            "class",
            "with",
            "as",
            "del",
            "return",
            "global",
            "nonlocal",
            "assert",
            "raise",
            "try",
            "except",
            "finally",
            "pass",
            "break",
            "continue",
        ),
        _NO,
    ),
}

FOREIGN_OPERATORS = {
    "=": "write == to compare",
    "===": "write ==",
    "!==": "write !=",
    "<>": "write !=",
    "&&": "write and",
    "||": "write or",
    "!": "write not",
    "&": "write and",
    "|": "write or",
    "~": "write not",
    "**": "there are no powers; write x * x",
    "//": "write round(a / b)",
    ":=": "an expression gives no names",
    ".": "there are no attributes or methods; functions are written lower(x)",
    "[": "values have no parts",
    "?": "write if_else(condition, a, b)",
    **dict.fromkeys((":", ";", "@", "<<", ">>", "^", "->", "$"), _NO),
}
