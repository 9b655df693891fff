"""ONNX models: what is let through, what comes out, and that one event scores as it does among others."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.support.foreign_models import (
    SCHEMA,
    data,
    fitted,
    onnx_bytes,
    onnx_schema,
    schema,
    score_schema,
)

from satark.core.errors import ModelInvalid
from satark.models.adapters import import_model
from satark.models.adapters.onnx_graph import look_through


def bring(model, read=None):
    return import_model(model, read or onnx_schema(), base_currency="INR", file="m.onnx")


def built(nodes, *, inputs=None, initializers=(), opsets=(("", 17),), outputs=("y",), change=None):
    """Return an ONNX model of some nodes over a table `x` of four columns."""
    from onnx import TensorProto, helper

    table = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "g",
        inputs or [table("x", TensorProto.FLOAT, [None, 4])],
        [table(name, TensorProto.FLOAT, [None, 1]) for name in outputs],
        initializers,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid(*one) for one in opsets], ir_version=8)
    if change is not None:
        change(made)
    return made.SerializeToString()


def node(operation, *more, domain="", **attributes):
    from onnx import helper

    return helper.make_node(operation, [*more] or ["x"], ["y"], domain=domain, **attributes)


def summed():
    """Return the sum of the four columns as a raw score."""
    from onnx import TensorProto, helper

    ones = helper.make_tensor("w", TensorProto.FLOAT, [4, 1], [1.0, 10.0, 100.0, 1_000.0])
    return built([node("MatMul", "x", "w")], initializers=[ones])


@pytest.mark.parametrize("kind", ["forest", "boosted", "linear"])
@pytest.mark.parametrize("maps", [False, True])
def test_scores_are_those_of_the_model_that_was_converted(kind, maps):
    made = bring(onnx_bytes(kind, maps=maps), onnx_schema("output_probability" if maps else "probabilities"))
    rows = data()[0]
    expected = fitted(kind).predict_proba(rows)[:, 1]
    assert made.model.scorer.many(rows) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", ["forest", "boosted", "linear"])
def test_one_event_scores_as_it_does_among_others_to_the_last_bit(kind):
    scorer = bring(onnx_bytes(kind)).model.scorer
    rows = np.vstack([data()[0]] * 3)[:700].copy()
    rows[np.random.default_rng(3).random(rows.shape) < 0.2] = np.nan
    alone = [scorer.one([None if math.isnan(value) else value for value in row]) for row in rows.tolist()]
    assert np.array_equal(scorer.many(rows), np.array(alone))


def test_matrix_products_are_scored_row_by_row_and_trees_in_blocks():
    assert bring(onnx_bytes("forest")).blocks
    assert not bring(onnx_bytes("linear")).blocks


def test_no_rows_give_no_scores():
    assert bring(onnx_bytes()).model.scorer.many(np.zeros((0, 4))).shape == (0,)


def test_missing_values_become_what_the_schema_says():
    text = SCHEMA.replace("{kind: probability, positive: 1}", "{kind: score, calibration: [[0, 0], [1, 1]]}")
    text = text.replace("card_10m, missing: 0", "card_10m, missing: 7")
    scorer = bring(summed(), schema(text)).model.scorer
    assert scorer.one([None, None, None, None]) == 70.0 - 1_000.0
    assert scorer.one([1.0, math.nan, 0.0, 0.0]) == 71.0


def test_values_become_single_precision():
    scorer = bring(summed(), score_schema()).model.scorer
    assert scorer.one([16_777_217.0, 0.0, 0.0, 0.0]) == 16_777_216.0


def test_lower_score_is_riskier_when_the_schema_says_so():
    read = score_schema("[[-5000, 0.9], [0, 0.1]]", ", riskier: lower")
    made = bring(summed(), read)
    assert made.model.scorer.one([1.0, 0.0, 0.0, 0.0]) == -1.0


def test_one_tensor_per_input_is_fed_by_order():
    from onnx import TensorProto, helper

    inputs = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, 1]) for name in "abcd"]
    weights = helper.make_tensor("w", TensorProto.DOUBLE, [4, 1], [1.0, 10.0, 100.0, 1_000.0])
    made = built(
        [
            helper.make_node("Concat", list("abcd"), ["z"], axis=1),
            helper.make_node("MatMul", ["z", "w"], ["p"]),
            helper.make_node("Cast", ["p"], ["y"], to=1),
        ],
        inputs=inputs,
        initializers=[weights],
    )
    assert bring(made, score_schema()).model.scorer.one([4.0, 3.0, 2.0, 1.0]) == 1_234.0


def test_model_without_finite_answers_is_refused_when_all_is_missing():
    text = SCHEMA.replace(", missing: 0", "").replace("positive: 1", "positive: 1, name: probabilities")
    with pytest.raises(ModelInvalid, match="gave no number"):
        bring(onnx_bytes("linear"), schema(text))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda text: text.replace("  method: {value: method, categories: [card, upi], missing: -1}\n", ""),
         "asks for column 4, and it is given 3"),
        (lambda text: text.replace("name: probabilities", "name: nothing"), "no output 'nothing'"),
        (lambda text: text.replace("name: probabilities", "name: label"), "no output 'label'"),
        (lambda text: text.replace("positive: 1", "positive: 2"), "0 to 1"),
        (lambda text: text.replace("positive: 1", "positive: fraud"), "0 to 1"),
    ],
)  # fmt: skip
def test_schema_is_refused_when_it_does_not_fit_the_model(change, word):
    text = change(SCHEMA.replace("positive: 1", "positive: 1, name: probabilities"))
    with pytest.raises(ModelInvalid, match=word):
        bring(onnx_bytes(), schema(text))


def test_class_is_refused_when_the_maps_do_not_have_it():
    text = SCHEMA.replace("positive: 1", "positive: 7, name: output_probability")
    with pytest.raises(ModelInvalid, match="no class 7; it has 0, 1"):
        bring(onnx_bytes(maps=True), schema(text))


def test_raw_score_is_refused_when_it_is_called_a_probability():
    with pytest.raises(ModelInvalid, match="not a probability"):
        bring(summed(), schema(SCHEMA.replace(", positive: 1", "")))


def loop(_model=None):
    from onnx import TensorProto, helper

    body = helper.make_graph(
        [],
        "b",
        [helper.make_tensor_value_info("i", TensorProto.INT64, [])],
        [helper.make_tensor_value_info("c", TensorProto.BOOL, [])],
    )
    return helper.make_node("Loop", ["m", "", "x"], ["y"], body=body)


def _external(model):
    from onnx import TensorProto

    tensor = model.graph.initializer.add()
    tensor.name, tensor.data_type = "w", TensorProto.FLOAT
    tensor.dims.extend([4, 1])
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"


def _location_alone(model):
    model.graph.initializer.add().data_location = 1


def _function(model):
    model.functions.add().name = "f"


def _sparse(model):
    model.graph.sparse_initializer.add()


def _domain(model):
    one = model.opset_import.add()
    one.domain, one.version = "com.example", 1


REFUSED = {
    "loop": (lambda: built([loop()]), "graph within a graph|'Loop'"),
    "random": (lambda: built([node("RandomNormalLike")]), "RandomNormalLike"),
    "large": (lambda: built([node("ConstantOfShape")]), "ConstantOfShape"),
    "expand": (lambda: built([node("Expand", "x", "s")]), "Expand"),
    "custom": (lambda: built([node("Relu", domain="com.example")]), "not from ONNX itself"),
    "contrib": (lambda: built([node("FusedGemm", domain="com.microsoft")]), "com.microsoft"),
    "external": (lambda: built([node("Relu")], change=_external), "another file"),
    "location": (lambda: built([node("Relu")], change=_location_alone), "another file"),
    "function": (lambda: built([node("Relu")], change=_function), "functions of its own"),
    "sparse": (lambda: built([node("Relu")], change=_sparse), "sparse"),
    "operator set": (lambda: built([node("Relu")], change=_domain), "com.example"),
    "no graph": (lambda: b"\x08\x08", "no graph"),
    "no nodes": (lambda: built([]), "no graph"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_model_is_refused_when_it_could_do_more_than_score(name):
    make, word = REFUSED[name]
    with pytest.raises(ModelInvalid, match=word):
        look_through(make())
    with pytest.raises(ModelInvalid, match=word):
        bring(make(), score_schema())


def test_loop_is_refused_even_when_hidden_in_an_allowed_operation():
    from onnx import helper

    hidden = node("Relu")
    hidden.attribute.append(helper.make_attribute("g", loop().attribute[0].g))
    with pytest.raises(ModelInvalid, match="graph within a graph"):
        look_through(built([hidden]))


def test_walker_agrees_with_the_library_about_operations():
    import onnx

    for kind, maps in (("forest", True), ("linear", False)):
        model = onnx_bytes(kind, maps=maps)
        nodes = onnx.load_from_string(model).graph.node
        found = look_through(model)
        assert [one.operation for one in found.nodes] == [one.op_type for one in nodes]
        assert [list(one.inputs) for one in found.nodes] == [list(one.input) for one in nodes]
        for mine, theirs in zip(found.nodes, nodes, strict=True):
            for attribute in theirs.attribute if mine.numbers else ():
                assert mine.numbers[attribute.name].tolist() == list(attribute.ints)
                assert list(mine.texts[attribute.name]) == list(attribute.strings)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_cut_file_is_refused(share):
    model = onnx_bytes()
    with pytest.raises(ModelInvalid):
        bring(model[: int(len(model) * share)])


def changed_tree(change):
    """Return the forest with one attribute of its trees changed."""
    import onnx

    model = onnx.load_from_string(onnx_bytes())
    change({one.name: one for one in model.graph.node[0].attribute})
    return model.SerializeToString()


def set_to(name, place, value):
    def change(attributes):
        attributes[name].ints[place] = value

    return change


def longer(attributes):
    attributes["nodes_modes"].strings.append(b"LEAF")


def unknown_mode(attributes):
    attributes["nodes_modes"].strings[0] = b"BRANCH_MEMBER"


def second_root(attributes):
    # The root's right child becomes a leaf of its left one's, so that what hung there stands alone.
    attributes["nodes_falsenodeids"].ints[0] = attributes["nodes_truenodeids"].ints[0]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (set_to("nodes_truenodeids", 0, 0), "back into itself|two nodes lead to one"),
        (set_to("nodes_truenodeids", 1, 0), "back into itself|two nodes lead to one"),
        (set_to("nodes_falsenodeids", 0, 99_999), "not there"),
        (set_to("nodes_falsenodeids", 0, -1), "impossible number"),
        (set_to("nodes_featureids", 0, 4), "asks for column 5, and it is given 4"),
        (set_to("nodes_featureids", 0, -1), "asks for column"),
        (set_to("nodes_nodeids", 1, 0), "two nodes have one number"),
        (set_to("nodes_nodeids", 1, 1 << 40), "impossible number"),
        (set_to("nodes_treeids", 0, 77), "not there|two roots"),
        (set_to("class_ids", 0, 2), "an output that is not there"),
        (set_to("class_ids", 0, -1), "an output that is not there"),
        (set_to("class_nodeids", 0, 99_999), "not there"),
        (longer, "different lengths"),
        (unknown_mode, "unknown way"),
        (second_root, "two nodes lead to one"),
    ],
)
def test_tree_is_refused_when_the_runtime_would_walk_for_ever_or_out_of_it(change, word):
    with pytest.raises(ModelInvalid, match=word):
        bring(changed_tree(change))


def test_trees_are_refused_when_it_cannot_be_told_what_they_see():
    import onnx
    from onnx import helper

    model = onnx.load_from_string(onnx_bytes())
    model.graph.node[0].input[0] = "narrow"
    model.graph.node.insert(0, helper.make_node("Abs", ["X"], ["narrow"]))
    with pytest.raises(ModelInvalid, match="inputs as they are"):
        bring(model.SerializeToString())
