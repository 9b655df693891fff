"""What a file from outside is, by its first bytes; and what is never read."""

from __future__ import annotations

import gzip
import io
import pickle
import zlib

import pytest
from tests.support.foreign_models import onnx_bytes, skops_bytes

from satark.core.errors import ModelInvalid
from satark.models.adapters import recognise
from satark.models.adapters.formats import MAX_FILE_BYTES


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def joblib_bytes(compress):
    import joblib

    out = io.BytesIO()
    joblib.dump({"a": [1, 2, 3]}, out, compress=compress)
    return out.getvalue()


def test_formats_are_recognised_whatever_the_file_is_called():
    assert recognise(onnx_bytes(), file="model.skops") == "onnx"
    assert recognise(skops_bytes(), file="model.onnx") == "sklearn"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("what", [Bomb(), {"a": 1}, [1, 2]], ids=["bomb", "dict", "list"])
def test_pickle_is_refused_by_its_danger_under_any_name(protocol, what):
    with pytest.raises(ModelInvalid, match="runs any code"):
        recognise(pickle.dumps(what, protocol), file="model.onnx")


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_joblib_is_refused_by_its_danger(compress):
    with pytest.raises(ModelInvalid, match=r"runs any code|neither ONNX nor skops"):
        recognise(joblib_bytes(compress), file="model.bin")


def test_compressed_pickle_is_refused_by_its_danger():
    for data in (gzip.compress(pickle.dumps(Bomb())), zlib.compress(pickle.dumps(Bomb()))):
        with pytest.raises(ModelInvalid, match="runs any code"):
            recognise(data, file="model")


@pytest.mark.parametrize("name", ["m.pkl", "M.PICKLE", "m.joblib", "m.dill"])
def test_name_of_a_pickle_is_enough_to_refuse(name):
    with pytest.raises(ModelInvalid, match="runs any code"):
        recognise(onnx_bytes(), file=name)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"\x89HDF\r\n\x1a\nrest", "Keras"),
        (b"SATARKM1rest", "already"),
        (b"tree\nversion=v4", "neither"),
        (b"{}", "neither"),
    ],
)
def test_other_formats_are_refused_by_name(data, word):
    with pytest.raises(ModelInvalid, match=word):
        recognise(data, file="m")


def test_large_file_is_refused_before_it_is_looked_at():
    with pytest.raises(ModelInvalid, match="at most"):
        recognise(b"\x08" * (MAX_FILE_BYTES + 1), file="m.onnx")
