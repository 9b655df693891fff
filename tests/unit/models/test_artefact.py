"""Model files: what is read is what was written, and whatever else is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.models import INPUTS, KNOTS, NEAR, lightgbm_bytes, logistic_bytes, near_bytes, near_table

from satark.core.errors import ModelInvalid
from satark.models import ModelHead, load_model, read_model, write_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("made", [logistic_bytes, lightgbm_bytes])
def test_a_model_is_read_as_it_was_written(made, tmp_path: Path):
    path = tmp_path / "a.model"
    path.write_bytes(made())
    model = read_model(path)
    assert model.head.inputs == INPUTS
    assert model.head.calibration == KNOTS
    assert model.data == made()
    assert len(model.hash) == 64


@pytest.mark.parametrize("place", [0, 7, 8, 39, 40, 200, -1])
def test_one_flipped_bit_is_found_and_the_file_named(place: int):
    data = bytearray(lightgbm_bytes())
    data[place] ^= 1
    with pytest.raises(ModelInvalid, match=r"card\.model") as caught:
        load_model(bytes(data), file="card.model")
    assert caught.value.fields["file"] == "card.model"


@pytest.mark.parametrize("length", [0, 4, 8, 40, 41, 500])
def test_a_file_that_is_cut_off_is_refused(length: int):
    with pytest.raises(ModelInvalid):
        load_model(logistic_bytes()[:length])


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(ModelInvalid, match="cannot be read"):
        read_model(tmp_path / "none.model")


def head(**changes: object) -> ModelHead:
    return msgspec.structs.replace(ModelHead(1, "m", "logistic", INPUTS, "INR", KNOTS), **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "format 2"),
        ({"kind": "pickle"}, "unknown kind"),
        ({"inputs": ()}, "0 inputs"),
        ({"inputs": (INPUTS[0], INPUTS[0])}, "two of its inputs"),
        ({"inputs": (msgspec.structs.replace(INPUTS[0], type="time"),)}, "unknown type"),
        ({"calibration": ((0.0, 0.0), (0.1, 0.2))}, "do not ascend"),
        ({"calibration": ((0.0, 1.0), (0.3, 0.2))}, "probabilities fall"),
        ({"calibration": ((0.0, 1.0), (0.3, 1.2))}, "between 0 and 1"),
        ({"calibration": ((0.0, float("nan")), (0.3, 0.4))}, "not finite"),
        ({"calibration": ((0.0,), (0.3,))}, "do not fit"),
        ({}, "weights"),
        ({"kind": "lightgbm"}, "trees"),
    ],
)
def test_what_cannot_be_served_is_refused(changes: dict[str, object], words: str):
    with pytest.raises(ModelInvalid, match=words):
        load_model(write_model(head(**changes), b"\x80"))


def test_a_payload_that_is_not_compressed_is_refused():
    data = write_model(head(), b"x")
    body = msgspec.msgpack.decode(data[40:])
    body["payload"] = b"not zlib"
    again = msgspec.msgpack.encode(body)
    import hashlib

    with pytest.raises(ModelInvalid, match="unpacked"):
        load_model(data[:8] + hashlib.sha256(again).digest() + again)


def test_table_of_names_is_read_as_it_was_written():
    model = load_model(near_bytes())
    assert model.embeddings["customer", "merchant"].table == near_table()
    assert load_model(logistic_bytes()).embeddings == {}


@pytest.mark.parametrize(
    ("inputs", "tables", "words"),
    [
        ((INPUTS[0], NEAR), (), "its tables are not those"),
        ((INPUTS[0], INPUTS[2]), None, "its tables are not those"),
        ((INPUTS[0], msgspec.structs.replace(NEAR, partner="device")), None, "its tables are not those"),
        ((INPUTS[0], NEAR), (near_table(), near_table()), "its tables are not those"),
        ((INPUTS[0], NEAR), (near_table(),) * 5, "5 tables"),
        ((INPUTS[0], NEAR), (msgspec.structs.replace(near_table(), dimensions=3),), "cut off"),
        ((INPUTS[0], msgspec.structs.replace(NEAR, categories=("a",))), None, "is no name"),
        ((INPUTS[0], msgspec.structs.replace(NEAR, type="int")), None, "is no name"),
    ],
)
def test_table_that_the_inputs_do_not_name_is_refused(inputs, tables, words):
    with pytest.raises(ModelInvalid, match=words):
        load_model(near_bytes(inputs, tables))


def test_trees_of_another_width_are_refused():
    import zlib

    body = msgspec.msgpack.decode(lightgbm_bytes()[40:])
    payload = zlib.decompress(body["payload"])
    with pytest.raises(ModelInvalid, match="4 inputs"):
        load_model(write_model(head(kind="lightgbm", inputs=INPUTS[:3]), payload))


def test_text_that_is_no_trees_is_refused():
    payload = msgspec.msgpack.encode({"text": "tree\nnonsense", "scale": 1.0})
    with pytest.raises(ModelInvalid, match="LightGBM refuses"):
        load_model(write_model(head(kind="lightgbm"), payload))
