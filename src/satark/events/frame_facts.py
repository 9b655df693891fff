"""The facts that follow from stored columns, and signals, for many events at once.

The counterpart of `satark.events.reader` for frames: the same functions, each called once for every different
combination of its inputs. A property test holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from satark.events.facts import FactType
from satark.events.frame_lines import decode_lines
from satark.events.parts import Address
from satark.events.rules import address_key
from satark.events.signals import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from satark.core.rates import RateTable
    from satark.events.signals import Signal

FACT_DTYPES: Mapping[FactType, pl.DataType] = {
    FactType.INT: pl.Int64(),
    FactType.FLOAT: pl.Float64(),
    FactType.BOOL: pl.Boolean(),
    FactType.STR: pl.String(),
    FactType.TIME: pl.Int64(),
    FactType.LOCATION: pl.Struct({"lat": pl.Float64, "lon": pl.Float64, "accuracy_m": pl.Float64}),
}
_ADDRESS_FIELDS = ("line", "city", "pin", "country")
_BIN6 = 6


def stored_names(names: Sequence[str], signals: Mapping[str, Signal]) -> set[str]:
    """Return the stored columns from which facts and signals are computed."""
    needed: set[str] = set()
    for name in [*names, *(n for signal in in_order(list(names), signals) for n in signal.inputs)]:
        if name not in signals:
            needed.update(_INPUTS.get(name, (name,)))
    return needed


_INPUTS: dict[str, tuple[str, ...]] = {
    "amount": ("amount_minor", "currency", "occurred_at"),
    "bin6": ("bin",),
    "line_count": ("lines", "method"),
    "quantity": ("lines", "method"),
    "location": ("lat", "lon", "accuracy_m"),
    "shipping_address": ("shipping_line", "shipping_pin"),
    "billing_address": ("billing_line", "billing_pin"),
    "shipping": tuple(f"shipping_{name}" for name in _ADDRESS_FIELDS),
    "billing": tuple(f"billing_{name}" for name in _ADDRESS_FIELDS),
}


class FactFrames:
    """Computes facts and signals for frames.

    Parameters
    ----------
    signals
        By name.
    rates, base_currency
        For `amount`.
    """

    def __init__(
        self, signals: Mapping[str, Signal], rates: RateTable | None = None, base_currency: str = "INR"
    ) -> None:
        self._signals = signals
        self._rates = rates
        self._base = base_currency

    def with_facts(
        self, frame: pl.DataFrame, names: Sequence[str]
    ) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
        """Return the facts and signals of every row, and where something was degraded.

        Parameters
        ----------
        frame
            Stored columns; one that is absent is missing everywhere.
        names
            The facts, custom attributes and signals wanted.

        Returns
        -------
        frame, degraded
            One column per name, and for each code (`rate:USD`, `signal:x`) a boolean series of the rows.
        """
        columns: dict[str, pl.Series] = {}
        degraded: dict[str, pl.Series] = {}
        ordered = in_order(list(names), self._signals)
        needed = dict.fromkeys([*names, *(name for signal in ordered for name in signal.inputs)])
        for name in needed:
            if name not in self._signals and name not in _PARTS:
                columns[name] = self._fact(frame, name, degraded)
        for signal in ordered:
            columns[signal.name], failed = _signal(frame, columns, signal)
            if failed.any():
                degraded[f"signal:{signal.name}"] = failed
        facts = pl.DataFrame([columns[name].alias(name) for name in names])
        return (facts if names else pl.DataFrame({"": pl.Series([None] * frame.height)})), degraded

    def _fact(self, frame: pl.DataFrame, name: str, degraded: dict[str, pl.Series]) -> pl.Series:
        if name == "amount":
            return self._amount(frame, degraded)
        derive = _DERIVED.get(name)
        if derive is not None:
            return derive(frame)
        return column(frame, name)

    def _amount(self, frame: pl.DataFrame, degraded: dict[str, pl.Series]) -> pl.Series:
        amounts = column(frame, "amount_minor").cast(pl.Int64)
        currencies = column(frame, "currency").cast(pl.String)
        foreign = (currencies != self._base).fill_null(value=False)
        if not foreign.any():
            return amounts
        rates = self._rates if self._rates is not None and self._rates.base_currency == self._base else None
        converted = amounts.to_list()
        missing: dict[str, list[int]] = {}
        times = column(frame, "occurred_at").to_list()
        for place in foreign.arg_true().to_list():
            currency = currencies[place]
            converted[place] = (
                None if rates is None else rates.convert(converted[place], currency, times[place])
            )
            if converted[place] is None:
                missing.setdefault(currency, []).append(place)
        for currency, places in missing.items():
            mask = [False] * frame.height
            for place in places:
                mask[place] = True
            degraded[f"rate:{currency}"] = pl.Series(mask)
        return pl.Series(converted, dtype=pl.Int64)


def column(frame: pl.DataFrame, name: str) -> pl.Series:
    """Return a column, or nulls where the frame has none."""
    if name in frame.columns:
        return frame[name]
    return pl.Series(name, [None], dtype=pl.Null).new_from_index(0, frame.height)


def _by_combination(
    frame: pl.DataFrame, inputs: Sequence[pl.Series], compute: Callable[..., Any], dtype: pl.DataType
) -> tuple[pl.Series, pl.Series]:
    """Call a function once per different combination; return its answers and where it failed."""
    names = [str(place) for place in range(len(inputs))]
    table = pl.DataFrame([one.alias(name) for one, name in zip(inputs, names, strict=True)])
    groups = table.with_row_index("__at").group_by(names, maintain_order=True).agg(pl.col("__at"))
    answers: list[Any] = []
    failed: list[bool] = []
    for combination in groups.select(names).iter_rows():
        try:
            answers.append(compute(*combination))
            failed.append(False)
        except Exception:  # noqa: BLE001 - whatever one signal raises must not stop the others
            answers.append(None)
            failed.append(True)
    told = groups.select(
        "__at",
        pl.Series("value", answers, dtype=dtype, strict=False),
        pl.Series("failed", failed, dtype=pl.Boolean),
    )
    spread = told.explode("__at").sort("__at")
    assert spread.height == frame.height  # noqa: S101 - every row is in one group
    return spread["value"], spread["failed"]


def _signal(
    frame: pl.DataFrame, columns: Mapping[str, pl.Series], signal: Signal
) -> tuple[pl.Series, pl.Series]:
    inputs: list[pl.Series] = []
    readers: list[_Reader] = []
    for name in signal.inputs:
        at = len(inputs)
        if name in _PARTS:
            parts, build = _PARTS[name]
            inputs += [column(frame, part) for part in parts]
            readers.append(_Reader(at, len(parts), build))
        else:
            inputs.append(columns[name])
            is_place = isinstance(columns[name].dtype, pl.Struct)
            readers.append(_Reader(at, 1, _place if is_place else _same))

    def compute(*values: Any) -> Any:  # noqa: ANN401 - facts of any type
        answer = signal.compute(*(read.build(*values[read.at : read.at + read.width]) for read in readers))
        if answer is not None and signal.type in {FactType.FLOAT, FactType.INT}:
            return answer if -_INFINITY < answer < _INFINITY else None
        return answer

    return _by_combination(frame, inputs, compute, FACT_DTYPES[signal.type])


_INFINITY = float("inf")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Builds one argument of a signal from `width` inputs from `at` on."""

    at: int
    width: int
    build: Callable[..., Any]


def _same(value: Any) -> Any:  # noqa: ANN401 - a fact of any type
    return value


def _place(value: Mapping[str, float] | None) -> tuple[float, float, float] | None:
    return None if value is None else (value["lat"], value["lon"], value["accuracy_m"])


def _lines(text: str | None, method: str | None) -> Any:  # noqa: ANN401 - the tuple of lines
    if text is not None:
        return decode_lines(text)
    # Every payment has lines, if none; a result or label of an unknown payment has not.
    return None if method is None else ()


def _address(line: str | None, city: str | None, pin: str | None, country: str | None) -> Address | None:
    if line is None and city is None and pin is None and country is None:
        return None
    return Address(line=line, city=city, pin=pin, country=country)


_PARTS: dict[str, tuple[tuple[str, ...], Callable[..., Any]]] = {
    "lines": (("lines", "method"), _lines),
    "shipping": (_INPUTS["shipping"], _address),
    "billing": (_INPUTS["billing"], _address),
}


def _of_lines(count: Callable[[Any], int]) -> Callable[[pl.DataFrame], pl.Series]:
    def derive(frame: pl.DataFrame) -> pl.Series:
        def compute(text: str | None, method: str | None) -> int | None:
            lines = _lines(text, method)
            return None if lines is None else count(lines)

        inputs = [column(frame, "lines"), column(frame, "method")]
        return _by_combination(frame, inputs, compute, pl.Int64())[0]

    return derive


def _address_key(kind: str) -> Callable[[pl.DataFrame], pl.Series]:
    def derive(frame: pl.DataFrame) -> pl.Series:
        inputs = [column(frame, f"{kind}_line"), column(frame, f"{kind}_pin")]
        return _by_combination(frame, inputs, address_key, pl.String())[0]

    return derive


def _location(frame: pl.DataFrame) -> pl.Series:
    parts = [column(frame, name).cast(pl.Float64).alias(name) for name in ("lat", "lon", "accuracy_m")]
    place = pl.struct("lat", "lon", "accuracy_m")
    return (
        pl.DataFrame(parts)
        .select(pl.when(pl.col("lat").is_not_null()).then(place).alias("location"))
        .to_series()
    )


_DERIVED: dict[str, Callable[[pl.DataFrame], pl.Series]] = {
    "bin6": lambda frame: column(frame, "bin").cast(pl.String).str.slice(0, _BIN6),
    "line_count": _of_lines(len),
    "quantity": _of_lines(lambda lines: sum(line.quantity for line in lines)),
    "location": _location,
    "shipping_address": _address_key("shipping"),
    "billing_address": _address_key("billing"),
}
