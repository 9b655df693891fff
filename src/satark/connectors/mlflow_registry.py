"""Take a model out of an MLflow registry: one file of it, without loading anything.

MLflow itself loads models by unpickling them, which runs whatever code lies in them. Here only the description
(`MLmodel`) is read and the one file that holds an ONNX or skops model is fetched; everything else stays where it is.
"""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

from satark.core.errors import InputInvalid, ModelInvalid, NotFound

if TYPE_CHECKING:
    from types import ModuleType

PREFIX = "mlflow:"
DESCRIPTION = "MLmodel"
MAX_DESCRIPTION_BYTES = 1_000_000
_URI = re.compile(r"models:/[^/\s@]{1,250}(?:/[A-Za-z0-9_.\-]{1,64}|@[A-Za-z0-9_.\-]{1,64})")
_DANGER = (
    "it is a pickle, and such a file runs any code it likes while it is being read; "
    'log it with serialization_format="skops" or as ONNX (docs/adapters.md)'
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file of a registry.

    Attributes
    ----------
    data
        Its content.
    name
        For messages: where it came from.
    """

    data: bytes
    name: str


def fetch_model(address: str, *, registry: str | None = None, most_bytes: int) -> Fetched:
    """Fetch the file of a registered model.

    Parameters
    ----------
    address
        ``mlflow:models:/NAME/VERSION`` or ``mlflow:models:/NAME@ALIAS``.
    registry
        Where the registry is (an address or a folder); by default what the environment says (MLFLOW_TRACKING_URI).
    most_bytes
        A larger file is refused before it is fetched, where the registry tells its size, and after it in any case.

    Raises
    ------
    InputInvalid
        The address is none, or MLflow is not installed.
    NotFound
        The registry has no such model, or does not answer.
    ModelInvalid
        The model is of a kind that is not read.
    """
    uri = address.removeprefix(PREFIX)
    if not _URI.fullmatch(uri):
        message = f"{address[:100]} is not the address of a registered model: mlflow:models:/NAME/VERSION"
        raise InputInvalid(message, path=address[:100])
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="satark-mlflow-") as folder:
        # What the library says about itself (its stores, its dependencies) is nothing to who brings in a model.
        warnings.simplefilter("ignore")
        artifacts = _artifacts(registry)
        described = _download(artifacts, uri, DESCRIPTION, Path(folder), MAX_DESCRIPTION_BYTES)
        inside = model_file(described, uri)
        sizes = {one.path: one.file_size for one in _listed(artifacts, uri, inside)}
        size = next((size for path, size in sizes.items() if PurePosixPath(path).name == inside.name), None)
        if size is not None and size > most_bytes:
            raise _too_large(uri, inside, most_bytes)
        data = _download(artifacts, uri, str(inside), Path(folder), most_bytes)
    return Fetched(data, f"{uri}/{inside}")


def model_file(description: bytes, uri: str) -> PurePosixPath:
    """Return which file of a registered model holds it.

    Raises
    ------
    ModelInvalid
        It is of a kind that is not read; the message says which and why.
    """
    try:
        read = yaml.safe_load(description.decode())
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        read = None
    flavors = read.get("flavors") if isinstance(read, dict) else None
    if not isinstance(flavors, dict):
        message = f"{uri} cannot be used: its description ({DESCRIPTION}) cannot be read"
        raise ModelInvalid(message, path=uri)
    onnx, scikit = flavors.get("onnx"), flavors.get("sklearn")
    if isinstance(onnx, dict):
        return _inside(onnx.get("data", "model.onnx"), uri)
    if isinstance(scikit, dict):
        if scikit.get("serialization_format") != "skops":
            message = f"{uri} cannot be used: {_DANGER}"
            raise ModelInvalid(message, path=uri)
        return _inside(scikit.get("pickled_model", "model.skops"), uri)
    known = ", ".join(sorted(str(name)[:40] for name in flavors)) or "none"
    message = f"{uri} cannot be used: it has the flavors {known}; only onnx and sklearn (as skops) are read"
    raise ModelInvalid(message, path=uri)


def _inside(name: Any, uri: str) -> PurePosixPath:  # noqa: ANN401 - whatever the description says
    path = PurePosixPath(str(name))
    if path.is_absolute() or ".." in path.parts or not path.name or "\\" in str(name) or ":" in str(name):
        message = f"{uri} cannot be used: its description names a file outside of the model"
        raise ModelInvalid(message, path=uri)
    return path


def _artifacts(registry: str | None) -> ModuleType:
    # The library would otherwise tell its makers that it is used.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    try:
        import mlflow
        from mlflow import artifacts
    except ImportError as error:
        message = f"models of a registry need `pip install satark[mlflow]` ({error.name} is missing)"
        raise InputInvalid(message) from None
    if registry is not None:
        mlflow.set_tracking_uri(registry)
        mlflow.set_registry_uri(registry)
    return artifacts


def _listed(artifacts: ModuleType, uri: str, inside: PurePosixPath) -> list[Any]:
    folder = "" if str(inside.parent) == "." else f"/{inside.parent}"
    try:
        return list(artifacts.list_artifacts(artifact_uri=f"{uri}{folder}"))
    except Exception as error:  # noqa: BLE001 - each kind of registry has errors of its own
        raise _not_there(uri, error) from None


def _download(artifacts: ModuleType, uri: str, name: str, folder: Path, most_bytes: int) -> bytes:
    try:
        path = Path(artifacts.download_artifacts(artifact_uri=f"{uri}/{name}", dst_path=str(folder)))
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except Exception as error:  # noqa: BLE001 - as above
        raise _not_there(uri, error) from None
    if len(data) > most_bytes:
        raise _too_large(uri, PurePosixPath(name), most_bytes)
    return data


def _not_there(uri: str, error: Exception) -> NotFound:
    reason = (str(error).splitlines() or [""])[0][:200]
    return NotFound(f"the registry does not give {uri}: {reason or type(error).__name__}", path=uri)


def _too_large(uri: str, inside: PurePosixPath, most_bytes: int) -> ModelInvalid:
    return ModelInvalid(f"{uri} cannot be used: {inside} is larger than {most_bytes} bytes", path=uri)
