"""Damaged files of models: an error that says so, whatever is wrong with them; never another answer, never a crash."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from tests.support.foreign_models import (
    NAMES,
    SCHEMA,
    SIGNATURES,
    onnx_bytes,
    onnx_schema,
    schema,
    skops_bytes,
)
from tests.support.models import logistic_bytes

from satark.core.errors import InputInvalid, ModelInvalid
from satark.models import load_model
from satark.models.adapters import import_model, read_schema, recognise
from satark.models.adapters.onnx_graph import look_through as look_through_onnx
from satark.models.adapters.onnx_trees import check_trees
from satark.models.adapters.skops_types import look_through as look_through_skops

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def artefacts():
    """Return an artefact of each kind that this suite can make without training."""
    return {
        "logistic": logistic_bytes(),
        "onnx": import_model(onnx_bytes(), onnx_schema(), base_currency="INR").data,
        "sklearn": import_model(skops_bytes(), schema(), base_currency="INR").data,
    }


@pytest.fixture(scope="module")
def made():
    return artefacts()


@pytest.mark.parametrize("kind", ["logistic", "onnx", "sklearn"])
def test_one_flipped_bit_anywhere_in_an_artefact_is_told(made, kind):
    data = made[kind]
    # Every byte of the part before the payload and a thousand places of the rest, each with another bit.
    places = [*range(min(400, len(data))), *range(400, len(data), max(1, len(data) // 1_000)), len(data) - 1]
    for place in places:
        broken = bytearray(data)
        broken[place] ^= 1 << (place % 8)
        with pytest.raises(ModelInvalid):
            load_model(bytes(broken))


@pytest.mark.parametrize("kind", ["logistic", "onnx", "sklearn"])
def test_cut_or_longer_artefact_is_told(made, kind):
    data = made[kind]
    for end in (0, 1, 8, 39, 40, 41, len(data) // 2, len(data) - 1):
        with pytest.raises(ModelInvalid):
            load_model(data[:end])
    with pytest.raises(ModelInvalid):
        load_model(data + b"\0")


@given(st.binary(max_size=400))
@QUICK
def test_any_bytes_are_no_model(data):
    with pytest.raises(ModelInvalid):
        load_model(data)
    with pytest.raises(ModelInvalid):
        load_model(b"SATARKM1" + data)


@given(st.binary(max_size=400))
@example(b"\x08\x07:\x00")
@example(b"PK\x03\x04")
@QUICK
def test_any_bytes_are_recognised_or_refused(data):
    try:
        kind = recognise(data, file="m")
    except ModelInvalid:
        return
    with pytest.raises(ModelInvalid):
        look_through_onnx(data) if kind == "onnx" else look_through_skops(data)


def changes():
    """Return what is done to a file: bytes replaced, taken out or put in."""
    one = st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 8), st.binary(max_size=8))
    return st.lists(one, min_size=1, max_size=4)


def changed(data, what):
    out = bytearray(data)
    for share, gone, new in what:
        place = int(share * len(out))
        out[place : place + gone] = new
    return bytes(out)


@given(changes(), st.sampled_from([("forest", False), ("linear", False), ("boosted", True)]))
@QUICK
def test_changed_onnx_file_is_looked_through_or_refused(what, kind):
    with suppress(ModelInvalid):
        check_trees(look_through_onnx(changed(onnx_bytes(kind[0], maps=kind[1]), what)), 4)


@given(changes())
@FEW
def test_changed_onnx_file_scores_or_is_refused(what):
    data = changed(onnx_bytes(), what)
    assume(data != onnx_bytes())
    try:
        scorer = import_model(data, onnx_schema(), base_currency="INR").model.scorer
    except ModelInvalid:
        return
    assert 0.0 <= scorer.one([100.0, 3.0, 0.0, 1.0]) <= 1.0


@given(changes())
@FEW
def test_changed_skops_file_is_refused(what):
    data = changed(skops_bytes(), what)
    assume(data != skops_bytes())
    try:
        made = import_model(data, schema(), base_currency="INR")
    except ModelInvalid:
        return
    # Only what the archive does not check (a time stamp, a comment) may change without being told.
    assert made.model.scorer.one([100.0, 3.0, 0.0, 1.0]) == pytest.approx(_expected())


def _expected():
    return import_model(skops_bytes(), schema(), base_currency="INR").model.scorer.one([100.0, 3.0, 0.0, 1.0])


@given(st.text(max_size=300))
@QUICK
def test_any_text_is_no_schema(text):
    with pytest.raises(InputInvalid):
        read_schema(text, NAMES, SIGNATURES)


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(SCHEMA) - 1),
            st.integers(0, 6),
            st.text(alphabet=" \n:{}[],-&*!|>'\"abc019.%#\t\u0939", max_size=5),
        ),
        min_size=1,
        max_size=3,
    )
)
@QUICK
def test_changed_schema_is_read_or_its_mistakes_have_places(what):
    text = SCHEMA
    for place, gone, new in what:
        text = text[:place] + new + text[place + gone :]
    places = ["s.yaml"]
    try:
        read = read_schema(text, NAMES, SIGNATURES, file="s.yaml")
    except InputInvalid as error:
        places = [str(one) for one in error.fields["diagnostics"]]
    else:
        assert len(read.inputs) == len(read.missing) > 0
    assert places
    assert all(one.startswith("s.yaml") for one in places)
