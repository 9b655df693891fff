"""Models of other programs for tests, made once per run: scikit-learn saved with skops, and converted to ONNX."""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache

import numpy as np

from satark.language import NameInfo, Type
from satark.models.adapters import read_schema

NAMES = {
    "amount": NameInfo(Type.INT),
    "card_10m": NameInfo(Type.INT),
    "is_new": NameInfo(Type.BOOL),
    "method": NameInfo(Type.STR),
}
SIGNATURES = {"card_10m": "0123456789abcdef"}
SCHEMA = """
schema: 1
model: outside
inputs:
  rupees: {value: amount / 100, missing: 0, typical: 500}
  card_10m: {value: card_10m, missing: 0, typical: 1}
  is_new: {value: is_new, missing: 0}
  method: {value: method, categories: [card, upi], missing: -1}
output: {kind: probability, positive: 1}
"""
COLUMNS = ("rupees", "card_10m", "is_new", "method")


def schema(text: str = SCHEMA):
    """Return a schema that was read against `NAMES`."""
    return read_schema(text, NAMES, SIGNATURES)


def score_schema(calibration: str = "[[-2, 0.01], [0, 0.3], [3, 0.9]]", more: str = ""):
    """Return the schema of a model that gives a raw score."""
    output = f"output: {{kind: score, calibration: {calibration}{more}}}"
    return schema(SCHEMA.replace("output: {kind: probability, positive: 1}", output))


@cache
def data():
    """Return rows (300, 4) and whether each is fraud."""
    dice = np.random.default_rng(11)
    rows = np.column_stack(
        [
            dice.exponential(900.0, 300),
            dice.integers(0, 8, 300),
            dice.integers(0, 2, 300),
            dice.integers(-1, 2, 300),
        ]
    )
    fraud = (rows[:, 1] + 2 * rows[:, 2] + dice.normal(0, 1, 300) > 5).astype(int)
    return rows, fraud


@cache
def fitted(kind: str):
    """Return a fitted scikit-learn model."""
    from sklearn.ensemble import (
        GradientBoostingClassifier,
        HistGradientBoostingClassifier,
        IsolationForest,
        RandomForestClassifier,
    )
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    made = {
        "boosted": lambda: GradientBoostingClassifier(n_estimators=5, random_state=0),
        "forest": lambda: RandomForestClassifier(n_estimators=8, max_depth=5, random_state=0, n_jobs=2),
        "histogram": lambda: HistGradientBoostingClassifier(max_iter=4, random_state=0),
        "isolation": lambda: IsolationForest(n_estimators=5, random_state=0),
        "linear": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    }[kind]()
    rows, fraud = data()
    return made.fit(rows, fraud)


@cache
def skops_bytes(kind: str = "forest") -> bytes:
    """Return a model saved with skops."""
    import skops.io

    return skops.io.dumps(fitted(kind))


@cache
def onnx_bytes(kind: str = "forest", *, maps: bool = False) -> bytes:
    """Return a model converted to ONNX, with one tensor of probabilities or a list of maps."""
    from skl2onnx import to_onnx

    rows = data()[0][:1].astype(np.float32)
    return to_onnx(fitted(kind), rows, options={"zipmap": maps}).SerializeToString()


def onnx_schema(output: str = "probabilities"):
    """Return the schema for `onnx_bytes`."""
    return schema(SCHEMA.replace("positive: 1", f"positive: 1, name: {output}"))


def repacked(data_: bytes, change=None, members=None) -> bytes:
    """Return a skops file with another schema or other members, its checksums right again."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data_)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "schema.json" and change is not None:
                tree = json.loads(content)
                change(tree)
                content = json.dumps(tree).encode()
            if members is not None and name in members:
                content = members[name]
            new.writestr(name, content)
        for name in set(members or ()) - set(old.namelist()):
            new.writestr(name, members[name])
    return out.getvalue()
