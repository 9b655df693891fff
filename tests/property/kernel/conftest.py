"""An independent oracle of the windows in DuckDB, written from DESIGN's definition and not from the kernel.

A window holds the entries with a smaller sequence, and for most statistics the event itself, whose time lies in
(t - delay - width, t - delay]. Nothing here shares code with the kernel but the parsed one-line form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl
import pytest

from satark.events.facts import BASE_FACTS, FactType, custom_facts, facts_of
from satark.features.encode import RowWriter, compile_decoder
from satark.features.kept_texts import Texts
from satark.features.kernel.layout import (
    FLAG_EVALUATE,
    FLAG_INSERT,
    FT_OUT,
    LG_FEAT0,
    LG_MAX_OFFSET,
    LG_NFEAT,
)
from satark.features.kernel.windows import Windows
from satark.features.oneline import parse_feature
from satark.features.plan import make_plan
from satark.features.spec import EXCLUDES_ITSELF, Statistic
from satark.language import Position

MINUTE_US = 60_000_000
ATTRIBUTES = {"f": FactType.FLOAT, "flag": FactType.BOOL}
KINDS = ("payment", "payment_result", "label")
FACTS = {
    "amount": pl.Int64,
    "method": pl.String,
    "card": pl.String,
    "merchant": pl.String,
    "device": pl.String,
    "outcome": pl.String,
    "label": pl.String,
    "line_count": pl.Int64,
    "custom.f": pl.Float64,
    "custom.flag": pl.Boolean,
    "lat": pl.Float64,
    "lon": pl.Float64,
    "accuracy_m": pl.Float64,
}
SQL = {
    None: None,
    # An integer that JSON does not carry exactly is no value.
    "amount": "case when {x}.amount between -9007199254740991 and 9007199254740991 then {x}.amount end",
    "custom.f": '{x}."custom.f"',
    "custom.flag": '{x}."custom.flag"',
    "device": "{x}.device",
    "location": "{x}.lat",
    'method == "card"': "{x}.method = 'card'",
    "amount > 100": "{x}.amount > 100",
    'outcome == "declined"': "{x}.outcome = 'declined'",
    'label == "fraud"': "{x}.label = 'fraud'",
}
"""The expressions that the features of these tests use, by their canonical text, and what they mean in SQL."""


@dataclass(frozen=True)
class Case:
    """Features laid out, with the events that go through them."""

    specs: tuple
    plan: object
    events: pl.DataFrame
    lateness_us: int
    late: np.ndarray
    newest: np.ndarray


def specs_of(lines):
    """Parse features; `lines` are one-line forms."""
    facts = {**BASE_FACTS, **custom_facts(ATTRIBUTES)}
    specs = []
    for number, line in enumerate(lines):
        spec, wrong = parse_feature(f"f{number}", line, facts, Position("test", 1, 1))
        assert not wrong, [str(one) for one in wrong]
        specs.append(spec)
    return tuple(specs)


def make_case(lines, events, lateness_us):
    """Sort out which events are late; `events` are dicts in order of arrival with kind, t and facts."""
    frame = pl.DataFrame(
        events, schema={"kind": pl.String, "t": pl.Int64, **FACTS}, orient="row", strict=True
    ).with_row_index("seq", offset=1)
    specs = specs_of(lines)
    times = frame["t"].to_numpy()
    before = np.concatenate([[-(1 << 62)], np.maximum.accumulate(times)[:-1]])
    late = times < before - lateness_us
    newest = np.maximum(before, np.where(late, before, times))
    return Case(specs, make_plan(specs), frame, lateness_us, late, newest)


def rows_of(case):
    """Write the kernel's rows one by one, as the engine does online."""
    width = 8 * case.plan.layout.n_inputs
    buffer = bytearray(width * case.events.height)
    texts = Texts()
    writers = {}
    for kind in KINDS:
        known = frozenset(facts_of(kind, ATTRIBUTES))
        order = case.plan.names_of(kind, known)
        writers[kind] = (order, RowWriter(case.plan, kind, order, texts=texts))
    for place, event in enumerate(case.events.iter_rows(named=True)):
        order, writer = writers[event["kind"]]
        event["location"] = (
            None if event["lat"] is None else (event["lat"], event["lon"], event["accuracy_m"])
        )
        writer.write(buffer, place * width, [event[name] for name in order], None, event["seq"], event["t"])
    return np.frombuffer(buffer, dtype=np.int64).reshape(case.events.height, -1), texts


def flags_of(case):
    """Payments are evaluated; what is late is kept out."""
    evaluate = (case.events["kind"] == "payment").to_numpy()
    return (evaluate * FLAG_EVALUATE | ~case.late * FLAG_INSERT).astype(np.uint8)


def run(case, rows, steps, windows_type=Windows, **options):
    """Run the rows in pieces of the given sizes (repeated) and return outputs and nulls of the payments."""
    windows = windows_type(case.plan.layout, lateness_us=case.lateness_us, **options)
    flags = flags_of(case)
    out = np.zeros((len(rows), max(1, case.plan.layout.n_outputs)), dtype=np.int64)
    nul = np.zeros(out.shape, dtype=np.uint8)
    at, turn = 0, 0
    while at < len(rows):
        to = min(len(rows), at + steps[turn % len(steps)])
        windows.run(rows[at:to], flags[at:to], out[at:to], nul[at:to])
        at, turn = to, turn + 1
    return out, nul, windows


def decoded(case, out, nul, texts):
    """Return one list of values per payment, in order of the features."""
    decode = compile_decoder(case.plan)
    return {
        int(seq): decode(out[i].tobytes(), nul[i].tobytes(), texts)
        for i, (seq, kind) in enumerate(case.events.select("seq", "kind").iter_rows())
        if kind == "payment"
    }


def expected(case):
    """Return what DuckDB says, in the form of `decoded`."""
    data = case.events.with_columns(late=pl.Series(case.late), newest=pl.Series(case.newest)).to_arrow()
    answers = {}
    with duckdb.connect() as db:
        db.register("source", data)
        db.execute("create table e as select * from source")
        for spec in case.specs:
            reach = min(_reaches(case, spec.name), default=0)
            for seq, value in db.execute(_query(spec, reach, case.lateness_us)).fetchall():
                answers.setdefault(seq, []).append(value)
    return answers


def _reaches(case, name):
    """Return the greatest distance of each log that a feature reads: behind it nothing is kept."""
    layout = case.plan.layout
    index = next(output.index for output in case.plan.outputs if output.name == name)
    wanted = {index}
    for quotient, over, under in layout.quotients:
        if quotient == index:
            wanted = {int(over), int(under)}
    for log in layout.logs:
        features = layout.features[log[LG_FEAT0] : log[LG_FEAT0] + log[LG_NFEAT]]
        if wanted & set(features[:, FT_OUT].tolist()):
            yield int(log[LG_MAX_OFFSET])


def _query(spec, reach, lateness_us):
    width, delay = spec.window_seconds * 1_000_000, spec.delay_seconds * 1_000_000
    value = SQL[spec.value.canonical if spec.value is not None else None]
    where = SQL[spec.where.canonical if spec.where is not None else None]
    share = spec.statistic is Statistic.SHARE_OF
    condition = SQL[spec.condition.canonical] if share else None
    itself = "false" if spec.statistic in EXCLUDES_ITSELF else "x.seq = p.seq"
    tests = [f"x.kind = '{spec.event_type}'", f"(x.seq < p.seq and not x.late or {itself})"]
    tests += [f"x.t > p.t - {delay + width}", f"x.t <= p.t - {delay}"]
    tests += [f'x."{key}" = p."{key}"' for key in spec.by]
    if where is not None:
        tests.append(f"({where.format(x='x')})")
    if value is not None:
        tests.append(f"({value.format(x='x')}) is not null")
    known = " and ".join(f'p."{key}" is not null' for key in spec.by)
    kept = f"p.t - {delay + width} >= p.newest - {lateness_us} - {reach}"
    answer = _answer(spec, value and value.format(x="x"), value and value.format(x="p"), width, condition)
    columns = "p.seq, p.t, p.newest, p.lat, p.lon, p.accuracy_m, p.amount, p.device, " + ", ".join(
        f'p."{name}"'
        for name in dict.fromkeys(["custom.f", "custom.flag", *spec.by])
        if name not in ("amount", "device")
    )
    return f"""
        select p.seq, case when {known} and {kept} then {answer} end
        from e p left join e x on {" and ".join(tests)}
        where p.kind = 'payment'
        group by {columns} order by p.seq
    """


def _answer(spec, value, own, width_us, condition):  # noqa: C901, PLR0911, PLR0912 - one branch per statistic
    last = "order by x.t, x.seq"
    is_float = value is not None and "custom.f" in value
    match spec.statistic:
        case Statistic.COUNT:
            return "count(x.seq)"
        case Statistic.RATE:
            return f"count(x.seq) / {width_us / 1e6}"
        case Statistic.SHARE_OF:
            return f"count(x.seq) filter (where {condition.format(x='x')}) / nullif(count(x.seq), 0)"
        case Statistic.SUM:
            return f"coalesce({'fsum' if is_float else 'sum'}({value}), 0)"
        case Statistic.MEAN:
            return f"fsum({value}) / nullif(count(x.seq), 0)"
        case Statistic.STD if is_float:
            return f"stddev_pop({value})"
        case Statistic.STD:
            squares = f"sum(({value})::hugeint * ({value}))"
            top = f"(count(x.seq) * {squares} - sum({value})::hugeint * sum({value})::hugeint)"
            return f"sqrt({top}::double) / nullif(count(x.seq), 0)"
        case Statistic.MIN:
            return f"min({value})"
        case Statistic.MAX:
            return f"max({value})"
        case Statistic.DISTINCT:
            return f"count(distinct {value})"
        case Statistic.FIRST:
            return f"first({value} {last})"
        case Statistic.LAST:
            return f"last({value} {last})"
        case Statistic.SINCE_LAST:
            return "(p.t - max(x.t)) / 1e6"
        case Statistic.SINCE_FIRST:
            return "(p.t - min(x.t)) / 1e6"
        case Statistic.NEW:
            return f"case when ({own}) is not null then coalesce(bool_and(({value}) <> ({own})), true) end"
        case Statistic.SPEED:
            lat, lon, radius = (f"last(x.{name} {last})" for name in ("lat", "lon", "accuracy_m"))
            across = f"pow(sin(radians(p.lat - {lat}) / 2), 2)"
            along = f"cos(radians({lat})) * cos(radians(p.lat)) * pow(sin(radians(p.lon - {lon}) / 2), 2)"
            km = f"2 * 6371.0088 * asin(sqrt(least(1.0, {across} + {along})))"
            apart = f"greatest(0.0, {km} - (p.accuracy_m + {radius}) / 1000)"
            hours = "greatest((p.t - max(x.t)) / 1e6, 1.0) / 3600"
            return f"case when p.lat is not null and count(x.seq) > 0 then ({apart}) / ({hours}) end"
    raise AssertionError(spec.statistic)


def differences(case, got, want):
    """Return where the answers differ: ints, texts and truth exactly, floats to 1e-9."""
    found = []
    for seq, values in want.items():
        for spec, have, should in zip(case.specs, got[seq], values, strict=True):
            if not _same(have, should):
                found.append((seq, spec.source, have, should))
    return found


def _same(have, should):
    if have is None or should is None:
        return have is None and should is None
    if isinstance(have, float):
        return math.isclose(have, float(should), rel_tol=1e-9, abs_tol=1e-9)
    return type(have) in {int, bool, str} and have == should


class Oracle:
    """The functions above, for tests."""

    Windows = Windows
    make_case = staticmethod(make_case)
    rows_of = staticmethod(rows_of)
    flags_of = staticmethod(flags_of)
    run = staticmethod(run)
    decoded = staticmethod(decoded)
    expected = staticmethod(expected)
    differences = staticmethod(differences)


@pytest.fixture(scope="session")
def oracle():
    """The DuckDB oracle."""
    return Oracle
