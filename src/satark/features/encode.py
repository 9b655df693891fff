"""Between facts and the kernel's words: rows in, features out.

`RowWriter` turns the facts of one event into an input row; `features/frame_rows.py` does the same for a whole frame.
Both follow the same plan; a test holds them equal.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import xxhash

from satark.features.hashing import key_text, word_of_float
from satark.features.kept_texts import Texts
from satark.features.kernel.layout import (
    CO_INPUT,
    FT_COL,
    FT_OUT,
    LG_COL0,
    LG_FEAT0,
    LG_NFEAT,
    MASK_BITS,
)
from satark.language import Type, compile_mask, compile_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satark.features.plan import Plan
    from satark.language import Env

MAX_EXACT_INT = (1 << 53) - 1
_WORD_BYTES = 8


class RowWriter:
    """Writes the input rows of one event type.

    Parameters
    ----------
    plan
        Of the policy.
    event_type
        Whose facts will be given.
    order
        The names whose values `write` is given, in order; a superset of ``plan.names_of``.
    seed
        Of the text hash.
    texts
        Told of texts that a feature may have to give back (first, last).
    """

    def __init__(
        self,
        plan: Plan,
        event_type: str,
        order: Sequence[str],
        *,
        seed: int = 0,
        texts: Texts | None = None,
    ) -> None:
        self.texts = Texts() if texts is None else texts
        code = _RowCode(plan, event_type, list(order))
        source, scope = code.source(), code.scope
        self._pack = struct.Struct("<" + "".join(code.formats)).pack_into
        scope["digest"] = xxhash.xxh3_64_intdigest
        scope["seed"] = seed
        scope["note"] = self.texts.note
        scope["word_of_float"] = word_of_float
        scope["key_text"] = key_text
        exec(compile(source, f"<rows of {event_type}>", "exec"), scope)  # noqa: S102 - made of the plan only
        self._words: Callable[[Sequence[Any], Env, int, int], tuple[int, ...]] = scope["words"]

    def write(
        self,
        into: memoryview | bytearray,
        offset: int,
        values: Sequence[Any],
        env: Env,
        seq: int,
        time_us: int,
    ) -> None:
        """Write one row at a byte offset.

        Parameters
        ----------
        into
            A writable buffer.
        offset
            In bytes.
        values
            Facts, in the order given to the writer.
        env
            For `listed` in filters.
        seq, time_us
            The event's place in the log and its own time.
        """
        self._pack(into, offset, *self._words(values, env, seq, time_us))


class _RowCode:
    """The lines of one generated function, and the functions that they call."""

    def __init__(self, plan: Plan, event_type: str, order: list[str]) -> None:
        self.plan, self.event_type, self.order = plan, event_type, order
        self.scope: dict[str, Any] = {}
        self.lines = ["def words(v, env, seq, time_us):"]
        mine = [bit for bit in plan.filters if bit.event_type == event_type]
        self.conditions = {c.canonical: c for bit in mine for c in bit.conditions}
        self.expressions = {c.expr.canonical: c.expr for c in plan.values if c.event_type == event_type}
        for bit in mine:
            if bit.present is not None:
                self.expressions.setdefault(bit.present.canonical, bit.present)
        self.variable = {name: f"x{number}" for number, name in enumerate(self.expressions)}
        self.hashed: dict[int, str] = {}  # The place of a fact to the variable that holds its hash already.
        self.formats: list[str] = []

    def source(self) -> str:
        """Return the function that makes the words of a row, straight-line."""
        plan = self.plan
        self.read_values()
        self.write_mask()
        parts = ["seq", "time_us", *(f"w{word}" for word in range(plan.n_masks))]
        self.formats = ["q"] * len(parts)
        parts += [self.write_key(number) for number in range(len(plan.keys))]
        kept = {plan.values[column - plan.first_value].expr.canonical for column in text_value_columns(plan)}
        parts += [self.write_value(number, kept) for number in range(len(plan.values))]
        self.lines.append(f"    return ({', '.join(parts)},)")
        return "\n".join(self.lines)

    def read_values(self) -> None:
        """Put the conditions into m and the values into x0, x1, ..."""
        if self.conditions:
            self.scope["mask_of"] = compile_mask(list(self.conditions.values()), self.order)
            self.lines.append("    m = mask_of(v, env)")
        computed = {}
        for name, expr in self.expressions.items():
            if expr.canonical in self.order:
                self.lines.append(f"    {self.variable[name]} = v[{self.order.index(expr.canonical)}]")
            else:
                computed[name] = expr
        if computed:
            self.scope["values_of"] = compile_values(list(computed.values()), self.order)
            names = ", ".join(self.variable[name] for name in computed)
            self.lines.append(f"    {names}, = values_of(v, env)")
        # An integer beyond what JSON carries exactly cannot be summed exactly at 128 bits for ever: it is no value.
        for name, expr in self.expressions.items():
            if expr.type == Type.INT:
                x = self.variable[name]
                self.lines.append(
                    f"    if {x} is not None and not -{MAX_EXACT_INT} <= {x} <= {MAX_EXACT_INT}: {x} = None"
                )

    def write_mask(self) -> None:
        """Set the bits of the filters that the event passes."""
        place_of = {name: number for number, name in enumerate(self.conditions)}
        self.lines += [f"    w{word} = 0" for word in range(self.plan.n_masks)]
        for number, bit in enumerate(self.plan.filters):
            if bit.event_type != self.event_type:
                continue
            needed = sum({1 << place_of[condition.canonical] for condition in bit.conditions})
            tests = [f"m & {needed} == {needed}"] if needed else []
            if bit.present is not None:
                tests.append(f"{self.variable[bit.present.canonical]} is not None")
            word, place = divmod(number, MASK_BITS)
            target = f"w{word} |= {1 << place}"
            self.lines.append(f"    if {' and '.join(tests)}: {target}" if tests else f"    {target}")

    def write_key(self, number: int) -> str:
        """Compute a key column; return its expression."""
        # A hash is written as the unsigned number that it is; the kernel reads the same bits as a signed word.
        self.formats.append("Q")
        by = self.plan.keys[number].by
        if not all(name in self.order for name in by):
            return "0"
        places = [self.order.index(name) for name in by]
        k = f"k{number}"
        if len(places) == 1:
            self.lines.append(f"    {k} = v[{places[0]}]")
            text = f"({k} if type({k}) is str else key_text({k}))"
            self.lines.append(f"    {k} = 0 if {k} is None else {_hash_of(text)}")
            self.hashed[places[0]] = k
        else:
            arguments = ", ".join(f"v[{place}]" for place in places)
            missing = " or ".join(f"v[{place}] is None" for place in places)
            self.lines.append(f"    {k} = 0 if {missing} else {_hash_of(f'key_text({arguments})')}")
        return k

    def write_value(self, number: int, kept: set[str]) -> str:
        """Compute a value column; return its expression."""
        column = self.plan.values[number]
        is_text = column.part is None and column.expr.type == Type.STR
        self.formats.append("Q" if is_text else "q")
        if column.event_type != self.event_type:
            return "0"
        x = self.variable[column.expr.canonical]
        if column.part is not None:
            code = f"word_of_float({x}[{column.part}])"
        elif column.expr.type == Type.FLOAT:
            code = f"word_of_float({x})"
        elif is_text:
            code = self._hash_of_value(column.expr.canonical, x)
        else:
            code = f"int({x})" if column.expr.type == Type.BOOL else x
        self.lines.append(f"    c{number} = 0 if {x} is None else {code}")
        if column.expr.type == Type.STR and column.expr.canonical in kept:
            word = f"c{number} if c{number} < {1 << 63} else c{number} - {1 << 64}"
            self.lines.append(f"    if {x} is not None: note({word}, {x}, time_us)")
        return f"c{number}"

    def _hash_of_value(self, name: str, x: str) -> str:
        """Return the code of a text's hash, which a key of the same fact has computed already."""
        key = self.hashed.get(self.order.index(name)) if name in self.order else None
        return _hash_of(x) if key is None else key


def _hash_of(text: str) -> str:
    """Return the code of a text's word: as `satark.features.hashing.word_of_text`, but for the sign."""
    return f"(digest({text}.encode(), seed) or 1)"


def text_value_columns(plan: Plan) -> frozenset[int]:
    """Return the input columns whose texts a feature may have to give back (first and last of a text)."""
    layout = plan.layout
    text_outputs = {output.index for output in plan.outputs if output.is_text}
    found = set()
    for log in layout.logs:
        for row in layout.features[log[LG_FEAT0] : log[LG_FEAT0] + log[LG_NFEAT]]:
            if int(row[FT_OUT]) in text_outputs and row[FT_COL] >= 0:
                found.add(int(layout.columns[log[LG_COL0] + row[FT_COL], CO_INPUT]))
    return frozenset(found)


def compile_decoder(
    plan: Plan, names: Sequence[str] | None = None
) -> Callable[[Any, bytes, Texts], list[Any]]:
    """Compile the function that reads features out of a kernel output.

    Parameters
    ----------
    plan
        Of the policy.
    names
        The features wanted, in order; all of them by default.

    Returns
    -------
    Callable
        ``decode(words, nulls, texts) -> list``: the words of one event as a buffer of bytes, one byte per output (1
        null), and the texts of the writers. None stands for null.
    """
    by_name = {output.name: output for output in plan.outputs}
    wanted = [by_name[name] for name in names] if names is not None else list(plan.outputs)
    formats = ["q"] * max(1, plan.layout.n_outputs)
    items = []
    for output in wanted:
        i = output.index
        code = f"w{i}"
        if output.type == Type.FLOAT:
            formats[i] = "d"
        elif output.type == Type.BOOL:
            code = f"w{i} == 1"
        elif output.is_text:
            code = f"t.get(w{i})"
        items.append(f"None if n{i} else {code}")
    # One call reads all words with their types, and two statements give each a name: little more than half of the time
    # of asking two lists and a string of bytes for each feature (3.1 µs against 5.6 for 81 of them).
    places = range(len(formats))
    source = (
        "def decode(words, n, t):\n"
        f"    {''.join(f'w{i}, ' for i in places)}= unpack(words)\n"
        f"    {''.join(f'n{i}, ' for i in places)}= n\n"
        f"    return [{', '.join(items)}]"
    )
    scope: dict[str, Any] = {"unpack": struct.Struct("<" + "".join(formats)).unpack}
    exec(compile(source, "<features>", "exec"), scope)  # noqa: S102 - made of the plan only
    decode: Callable[[Any, bytes, Texts], list[Any]] = scope["decode"]
    return decode
