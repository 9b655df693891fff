"""scikit-learn models in the skops format: closed list of types, sound trees, bounded size, same version."""

from __future__ import annotations

import io
import math
import pickle
import zipfile

import numpy as np
import pytest
from tests.support.foreign_models import (
    SCHEMA,
    data,
    fitted,
    repacked,
    schema,
    score_schema,
    skops_bytes,
)

from satark.core.errors import ModelInvalid
from satark.models.adapters import import_model, skops_types
from satark.models.adapters.sklearn_scorer import load_skops
from satark.models.adapters.skops_types import MAX_MEMBERS, look_through


def bring(model, read=None):
    return import_model(model, read or schema(), base_currency="INR", file="m.skops")


@pytest.mark.parametrize("kind", ["forest", "boosted", "linear"])
def test_scores_are_those_of_the_model_that_was_saved(kind):
    scorer = bring(skops_bytes(kind)).model.scorer
    rows = data()[0][:40]
    expected = fitted(kind).predict_proba(rows)[:, 1]
    assert scorer.many(rows) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("kind", ["forest", "boosted", "linear"])
def test_one_event_scores_as_it_does_among_others_to_the_last_bit(kind):
    scorer = bring(skops_bytes(kind)).model.scorer
    rows = data()[0][:60].copy()
    rows[np.random.default_rng(3).random(rows.shape) < 0.2] = np.nan
    alone = [scorer.one([None if math.isnan(value) else value for value in row]) for row in rows.tolist()]
    assert np.array_equal(scorer.many(rows), np.array(alone))


def test_trees_are_scored_in_blocks_and_others_row_by_row():
    found = {kind: bring(skops_bytes(kind)).blocks for kind in ("forest", "boosted", "linear")}
    assert found == {"forest": True, "boosted": True, "linear": False}


def test_isolation_forest_gives_a_score_that_falls_with_risk():
    read = score_schema("[[-0.5, 0.9], [0.5, 0.01]]", ", riskier: lower")
    scorer = bring(skops_bytes("isolation"), read).model.scorer
    rows = data()[0][:20]
    assert scorer.many(rows) == pytest.approx(-fitted("isolation").decision_function(rows), abs=1e-12)


def test_columns_must_stand_in_the_order_of_the_fit_when_the_model_knows_them():
    import skops.io
    from sklearn.tree import DecisionTreeClassifier

    rows, fraud = data()
    model = DecisionTreeClassifier(max_depth=3).fit(rows, fraud)
    model.feature_names_in_ = np.array(["rupees", "card_10m", "is_new", "method"], dtype=object)
    assert bring(skops.io.dumps(model)).model.scorer.one([1.0, 1.0, 0.0, 0.0]) >= 0
    model.feature_names_in_ = np.array(["card_10m", "rupees", "is_new", "method"], dtype=object)
    with pytest.raises(
        ModelInvalid, match="column 1 of the model is 'card_10m', in the schema it is 'rupees'"
    ):
        bring(skops.io.dumps(model))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda text: text.replace("  is_new: {value: is_new, missing: 0}\n", ""), "takes 4"),
        (lambda text: text.replace("positive: 1", "positive: 2"), "no class 2; it has 0, 1"),
        (lambda text: text.replace(", positive: 1", ""), "which class"),
        (lambda text: text.replace("positive: 1", "positive: 1, name: p"), "for ONNX"),
    ],
)
def test_schema_is_refused_when_it_does_not_fit_the_model(change, word):
    with pytest.raises(ModelInvalid, match=word):
        bring(skops_bytes(), schema(change(SCHEMA)))


def node(module, name, loader="ObjectNode", **more):
    return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 1, **more}


EMPTY = node(
    "builtins", "dict", "DictNode", content={}, key_types=node("builtins", "list", "ListNode", content=[])
)
EVIL = {
    "function": node("os", "system", "FunctionNode", content={"module_path": "os", "function": "system"}),
    "class": node("subprocess", "Popen", content=EMPTY),
    "type": node("os", "system", "TypeNode"),
    "partial": node("functools", "partial", "PartialNode"),
    "method": node("builtins", "eval", "MethodNode"),
    "operator": node("operator", "attrgetter", "OperatorFuncNode"),
    "reduce": node("builtins", "exec", "ConstructorFromReduceNode"),
    "loss": node("numpy", "ndarray", "LossNode"),
    "estimator that takes functions": node(
        "sklearn.preprocessing._function_transformer", "FunctionTransformer"
    ),
    "estimator by another way": node("sklearn.tree._classes", "DecisionTreeClassifier", "ReduceNode"),
    "no loader": {"__class__": "Popen", "__module__": "subprocess"},
}


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize("deep", [False, True])
def test_file_is_refused_when_it_names_what_is_not_allowed(name, deep):
    def change(tree):
        if deep:
            tree["content"]["content"]["hidden"] = EVIL[name]
        else:
            tree.update(EVIL[name])

    with pytest.raises(ModelInvalid, match="not among"):
        bring(repacked(skops_bytes(), change))


@pytest.mark.parametrize("members", [{"evil.pkl": b"x"}, {"a/../../b.npy": b"x"}, {"code.py": b"x"}])
def test_file_is_refused_when_it_holds_something_else(members):
    with pytest.raises(ModelInvalid, match=r"only NumPy arrays|not a skops file"):
        bring(repacked(skops_bytes(), members=members))


def _npy(header):
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def test_array_is_refused_when_it_says_that_it_is_larger_than_it_is():
    first = next(
        name for name in zipfile.ZipFile(io.BytesIO(skops_bytes())).namelist() if name.endswith("npy")
    )
    huge = _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }")
    with pytest.raises(ModelInvalid, match="larger than it is"):
        bring(repacked(skops_bytes(), members={first: huge}))


def test_array_is_refused_when_it_holds_pickled_objects():
    first = next(
        name for name in zipfile.ZipFile(io.BytesIO(skops_bytes())).namelist() if name.endswith("npy")
    )
    out = io.BytesIO()
    np.save(out, np.array([pickle.dumps], dtype=object), allow_pickle=True)
    with pytest.raises(ModelInvalid, match="holds objects"):
        bring(repacked(skops_bytes(), members={first: out.getvalue()}))


def bomb(name, megabytes):
    """Return a small archive whose one member becomes large."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if name != "schema.json":
            archive.writestr("schema.json", "{}")
        with archive.open(name, "w") as member:
            for _ in range(megabytes):
                member.write(b" " * (1 << 20))
    return out.getvalue()


def test_zip_bomb_is_refused_without_being_unpacked(monkeypatch):
    monkeypatch.setattr(skops_types, "MAX_UNPACKED_BYTES", 3 << 20)
    data_ = bomb("a.npy", 4)
    assert len(data_) < 1 << 14
    with pytest.raises(ModelInvalid, match="unpacked it has"):
        look_through(data_)


def test_lie_about_the_size_gains_nothing(monkeypatch):
    monkeypatch.setattr(skops_types, "MAX_UNPACKED_BYTES", 3 << 20)
    data_ = bomb("schema.json", 4).replace((4 << 20).to_bytes(4, "little"), (64).to_bytes(4, "little"))
    with pytest.raises(ModelInvalid, match=r"damaged|cannot be read"):
        look_through(data_)


def test_large_schema_is_refused_without_being_read(monkeypatch):
    monkeypatch.setattr(skops_types, "MAX_SCHEMA_BYTES", 1 << 20)
    with pytest.raises(ModelInvalid, match=r"schema\.json is larger"):
        look_through(bomb("schema.json", 2))


def test_many_members_are_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(MAX_MEMBERS + 1):
            archive.writestr(f"{number}.npy", b"")
    with pytest.raises(ModelInvalid, match="files, and at most"):
        look_through(out.getvalue())


def test_deep_schema_is_refused():
    with pytest.raises(ModelInvalid, match=r"nested too deeply|cannot be read"):
        bring(repacked(skops_bytes(), lambda tree: tree["content"].update(a=_nested(100))))


def _nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_file_of_another_version_is_refused_by_both_versions():
    import sklearn

    def change(tree):
        _versions(tree)["content"] = '"1.2.2"'

    with pytest.raises(ModelInvalid, match=f"1.2.2 wrote it and {sklearn.__version__} runs here"):
        bring(repacked(skops_bytes("linear"), change))


def _versions(value):
    if isinstance(value, dict):
        if "_sklearn_version" in value:
            return value["_sklearn_version"]
        value = list(value.values())
    if isinstance(value, list):
        return next((found for one in value if (found := _versions(one)) is not None), None)
    return None


def test_no_more_threads_are_asked_for_than_one():
    model = load_skops(skops_bytes())
    assert model.n_jobs is None


def _with_nodes(change):
    """Return a forest whose first table of nodes was changed."""

    def is_nodes(content):
        table = np.load(io.BytesIO(content))
        return table.dtype.names is not None and "left_child" in table.dtype.names and len(table) > 2

    with zipfile.ZipFile(io.BytesIO(skops_bytes())) as archive:
        name = next(one for one in archive.namelist() if one.endswith("npy") and is_nodes(archive.read(one)))
        table = np.load(io.BytesIO(archive.read(name)))
    change(table)
    out = io.BytesIO()
    np.save(out, table)
    return repacked(skops_bytes(), members={name: out.getvalue()})


@pytest.mark.parametrize(
    ("field", "value"),
    [("left_child", 0), ("right_child", 10_000), ("left_child", -7), ("feature", 4), ("feature", -5)],
)
def test_tree_is_refused_when_it_would_lead_out_of_its_memory(field, value):
    def change(table):
        table[field][0] = value

    with pytest.raises(ModelInvalid, match="not sound"):
        bring(_with_nodes(change))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_cut_file_is_refused(share):
    model = skops_bytes()
    with pytest.raises(ModelInvalid):
        bring(model[: int(len(model) * share)])


@pytest.mark.parametrize(
    "header", ["{'descr': '<f8', 'shape': (", "", "{'descr': None}", "{'shape': (1,)}", "f(x)"]
)
def test_array_is_refused_when_its_header_is_none(header):
    first = next(
        name for name in zipfile.ZipFile(io.BytesIO(skops_bytes())).namelist() if name.endswith("npy")
    )
    with pytest.raises(ModelInvalid, match="damaged"):
        bring(repacked(skops_bytes(), members={first: _npy(header)}))
