"""A model bound to the names of a policy: every input is checked, then compiled for one event and for many."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from satark.core.errors import ModelInvalid
from satark.language import Position, Schema, Type, compile_values, parse_and_check, to_polars
from satark.models.calibration import calibrate_many, calibrate_one

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from satark.language import Env, NameInfo, PolarsEnv, TypedExpr
    from satark.models.artefact import Model
    from satark.models.embedding import Embedding
    from satark.models.head import ModelInput


class Near(NamedTuple):
    """An input that looks into a table of names.

    Attributes
    ----------
    place
        Among the inputs.
    partner
        The checked expression of the other name; the input's own is that of the first.
    embedding
        Where the names lie; None: not known yet, and so missing.
    """

    place: int
    partner: TypedExpr
    embedding: Embedding | None


@dataclass(frozen=True, slots=True)
class BoundModel:
    """A model that fits a policy.

    Attributes
    ----------
    model
        What was bound.
    exprs
        One checked expression per input.
    near
        The inputs that look into a table.
    needed
        The facts and features that the inputs read.
    """

    model: Model
    exprs: tuple[TypedExpr, ...] = field(repr=False)
    near: tuple[Near, ...] = field(repr=False)
    needed: frozenset[str]

    def compile(self, order: Sequence[str]) -> Callable[[Sequence[Any], Env], float]:
        """Return the function from the values of one event to its calibrated probability.

        Parameters
        ----------
        order
            The names whose values the function is given, in their order; None stands for null.

        Raises
        ------
        ValueError
            When a needed name is not in ``order``.
        """
        inputs_of = self._inputs(order)
        one = self.model.scorer.one
        calibrated = calibrate_one(self.model.head.calibration)

        def score(values: Sequence[Any], env: Env) -> float:
            return calibrated(one(inputs_of(values, env)))

        return score

    def row(self, order: Sequence[str]) -> Callable[[Sequence[Any], Env], NDArray[np.float64]]:
        """Return the function from the values of one event to its inputs, shape (inputs,), for explanations."""
        inputs_of = self._inputs(order)
        return lambda values, env: np.array(inputs_of(values, env), dtype=np.float64)

    def rows_frame(self, frame: pl.DataFrame, env: PolarsEnv) -> NDArray[np.float64]:
        """Return the inputs of many events, shape (n, inputs), C-contiguous; NaN is missing."""
        return input_matrix(self.model.head.inputs, self.exprs, self.near, frame, env)

    def score_frame(self, frame: pl.DataFrame, env: PolarsEnv) -> pl.Series:
        """Return the calibrated probabilities of many events: equal to `compile` row by row, to the last bit.

        Parameters
        ----------
        frame
            One column per name of `needed`.
        env
            Where its columns come from.
        """
        import polars as pl

        return pl.Series("model_score", self.score_rows(self.rows_frame(frame, env)), dtype=pl.Float64)

    def score_rows(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated probabilities of inputs, shape (n,)."""
        return calibrate_many(self.model.head.calibration, self.model.scorer.many(rows))

    def _inputs(self, order: Sequence[str]) -> Callable[[Sequence[Any], Env], Sequence[float | None]]:
        values_of = compile_values((*self.exprs, *(one.partner for one in self.near)), order)
        coded = [
            (place, {text: float(code) for code, text in enumerate(one.categories)})
            for place, one in enumerate(self.model.head.inputs)
            if one.type == Type.STR and not one.partner
        ]
        looks = [(one.place, one.embedding.one) for one in self.near if one.embedding is not None]
        if not coded and not looks:
            return values_of
        count = len(self.exprs)

        def inputs(values: Sequence[Any], env: Env) -> Sequence[float | None]:
            found = list(values_of(values, env))
            for place, codes in coded:
                found[place] = codes.get(found[place])
            if looks:
                partners = found[count:]
                del found[count:]
                for (place, near), partner in zip(looks, partners, strict=True):
                    found[place] = near(found[place], partner)
            return found

        return inputs


def bind_model(
    model: Model, names: Mapping[str, NameInfo], signatures: Mapping[str, str], base_currency: str
) -> BoundModel:
    """Check a model against what a policy knows.

    Parameters
    ----------
    model
        As read.
    names
        The facts and features that a rule of the policy may name (`satark.policies.names.rule_names`).
    signatures
        The signature of each feature of the policy (`satark.features.spec.feature_signature`).
    base_currency
        Of the policy.

    Raises
    ------
    ModelInvalid
        ``input`` and the message say what does not fit.
    """
    head = model.head
    if head.base_currency != base_currency:
        message = (
            f"the model {head.name} was made for {head.base_currency}, the policy counts in {base_currency}"
        )
        raise ModelInvalid(message, model=head.name)
    schema = Schema(names)
    exprs = tuple(_bound(one, schema, signatures, head.name) for one in head.inputs)
    near = tuple(
        Near(
            place,
            _bound(_partner_of(one), schema, signatures, head.name),
            model.embeddings[one.source, one.partner],
        )
        for place, one in enumerate(head.inputs)
        if one.partner
    )
    read = (*exprs, *(one.partner for one in near))
    return BoundModel(model, exprs, near, frozenset[str]().union(*(expr.names for expr in read)))


def input_matrix(
    inputs: Sequence[ModelInput],
    exprs: Sequence[TypedExpr],
    near: Sequence[Near],
    frame: pl.DataFrame,
    env: PolarsEnv,
) -> NDArray[np.float64]:
    """Return the values of inputs over a frame as doubles, shape (n, inputs), C-contiguous; NaN is missing."""
    import polars as pl

    rows = np.empty((frame.height, len(inputs)), dtype=np.float64)
    # Few columns at a time: all of them beside the frame would double what is in memory.
    for start in range(0, len(inputs), _COLUMNS_AT_ONCE):
        some = range(start, min(start + _COLUMNS_AT_ONCE, len(inputs)))
        columns = [
            _as_number(inputs[place], to_polars(exprs[place], env)).alias(f"__{place}") for place in some
        ]
        # Not `select`: an input without columns must still have a value per row.
        made = frame.with_columns(columns)
        for place in some:
            series = made[f"__{place}"].cast(pl.Float64)
            rows[:, place] = series.fill_null(float("nan")).to_numpy()
    for one in near:
        if one.embedding is not None:
            both = (to_polars(exprs[one.place], env).alias("a"), to_polars(one.partner, env).alias("b"))
            rows[:, one.place] = one.embedding.many(*frame.select(both).get_columns())
    return rows


def _as_number(one: ModelInput, expr: pl.Expr) -> pl.Expr:
    import polars as pl

    if one.type != Type.STR:
        return expr
    if not one.categories:
        return pl.lit(None, dtype=pl.Float64)
    codes = [float(code) for code in range(len(one.categories))]
    return expr.replace_strict(list(one.categories), codes, default=None, return_dtype=pl.Float64)


def _bound(one: ModelInput, schema: Schema, signatures: Mapping[str, str], model: str) -> TypedExpr:
    expr, wrong = parse_and_check(one.source, schema, Position(f"{model}: {one.name}"))
    if expr is None:
        raise _unfit(model, one, str(wrong[0]))
    if expr.type != one.type:
        raise _unfit(model, one, f"`{one.source}` is {expr.type} here, the model was trained with {one.type}")
    for name in sorted(expr.names & signatures.keys() | one.features.keys()):
        if name not in signatures:
            raise _unfit(model, one, f"the policy has no feature `{name}`")
        if one.features.get(name) != signatures[name]:
            raise _unfit(
                model, one, f"the feature `{name}` of the policy is not what the model was trained with"
            )
    return expr


def _partner_of(one: ModelInput) -> ModelInput:
    """Return the partner of an input as an input of its own, so that it is checked alike."""
    return msgspec.structs.replace(one, source=one.partner, partner="", features={})


def _unfit(model: str, one: ModelInput, reason: str) -> ModelInvalid:
    message = f"the input {one.name} of the model {model} does not fit the policy: {reason}"
    return ModelInvalid(message, model=model, input=one.name)


_COLUMNS_AT_ONCE = 16
