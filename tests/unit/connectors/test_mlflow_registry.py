"""A model out of an MLflow registry: one file, nothing loaded; against a real registry in a folder."""

from __future__ import annotations

import builtins

import pytest
from tests.support.foreign_models import onnx_bytes, onnx_schema, skops_bytes

from satark.connectors.mlflow_registry import fetch_model, model_file
from satark.core.errors import InputInvalid, ModelInvalid, NotFound
from satark.models.adapters import import_model

ONNX = "flavors:\n  onnx: {data: model.onnx}\n  python_function: {loader_module: mlflow.onnx}\n"
SKOPS = "flavors:\n  sklearn: {pickled_model: deep/model.skops, serialization_format: skops}\n"
PICKLE = "flavors:\n  sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle}\n"
MOST = 1 << 20


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A registry on SQLite with a model of four versions."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.tracking import MlflowClient

        root = tmp_path_factory.mktemp("registry")
        address = f"sqlite:///{root}/registry.db"
        client = MlflowClient(tracking_uri=address, registry_uri=address)
        client.create_registered_model("card_risk")
        versions = [
            {"MLmodel": ONNX.encode(), "model.onnx": onnx_bytes()},
            {"MLmodel": SKOPS.encode(), "deep/model.skops": skops_bytes()},
            {"MLmodel": PICKLE.encode(), "model.pkl": b"\x80\x04never read"},
            {"MLmodel": ONNX.encode(), "other.onnx": b""},
        ]
        for number, files in enumerate(versions, start=1):
            folder = root / str(number)
            for name, content in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
            client.create_model_version("card_risk", source=str(folder))
        client.set_registered_model_alias("card_risk", "champion", "1")
    return address


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_model_is_fetched_and_brought_in_from_a_real_registry(registry):
    found = fetch_model("mlflow:models:/card_risk/1", registry=registry, most_bytes=MOST)
    assert (found.data, found.name) == (onnx_bytes(), "models:/card_risk/1/model.onnx")
    made = import_model(found.data, onnx_schema(), base_currency="INR", file=found.name)
    assert made.model.head.kind == "onnx"
    assert (
        fetch_model("mlflow:models:/card_risk@champion", registry=registry, most_bytes=MOST).data
        == found.data
    )
    deep = fetch_model("mlflow:models:/card_risk/2", registry=registry, most_bytes=MOST)
    assert (deep.data, deep.name) == (skops_bytes(), "models:/card_risk/2/deep/model.skops")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("address", "most", "error", "word"),
    [
        ("mlflow:models:/card_risk/3", MOST, ModelInvalid, "runs any code"),
        ("mlflow:models:/card_risk/4", MOST, NotFound, "does not give"),
        ("mlflow:models:/card_risk/9", MOST, NotFound, "does not give"),
        ("mlflow:models:/nobody/1", MOST, NotFound, "does not give"),
        ("mlflow:models:/card_risk/1", 500, ModelInvalid, "larger than 500 bytes"),
    ],
)
def test_model_is_refused_when_it_is_not_there_or_not_usable(registry, address, most, error, word):
    with pytest.raises(error, match=word):
        fetch_model(address, registry=registry, most_bytes=most)


@pytest.mark.parametrize(
    "address",
    [
        "mlflow:", "mlflow:models:/", "mlflow:models:/a", "mlflow:models:/a/1/../../etc", "mlflow:runs:/x/model",
        "mlflow:s3://bucket/model", "mlflow:models://host:80/a/1", "mlflow:file:///etc/passwd",
    ],
)  # fmt: skip
def test_address_is_refused_when_it_is_of_no_registered_model(address):
    with pytest.raises(InputInvalid, match="not the address of a registered model"):
        fetch_model(address, most_bytes=MOST)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a/../../b.onnx", "..", "", "C:\\x.onnx", "http://x/y.onnx"]
)
def test_description_is_refused_when_it_names_a_file_outside(name):
    described = f"flavors: {{onnx: {{data: '{name}'}}}}".encode()
    with pytest.raises(ModelInvalid, match="outside"):
        model_file(described, "models:/m/1")


@pytest.mark.parametrize(
    ("described", "word"),
    [
        (b"", "cannot be read"),
        (b"flavors: 3", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"flavors: {xgboost: {}, python_function: {}}", "python_function, xgboost"),
        (b"flavors: {sklearn: {pickled_model: model.pkl}}", "runs any code"),
        (b"!!python/object/apply:os.system ['true']", "cannot be read"),
    ],
)
def test_description_is_refused_when_it_is_of_another_kind(described, word):
    with pytest.raises(ModelInvalid, match=word):
        model_file(described, "models:/m/1")


def test_missing_library_is_told_with_the_way_to_get_it(monkeypatch):
    plain = builtins.__import__

    def without(name, *more):
        if name.split(".")[0] == "mlflow":
            raise ImportError(name="mlflow")
        return plain(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputInvalid, match=r"pip install satark\[mlflow\]"):
        fetch_model("mlflow:models:/card_risk/1", most_bytes=MOST)
