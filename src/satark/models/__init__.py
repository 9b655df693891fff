"""What was learnt: model artefacts, training, serving, explanation. No input or output but of bytes given."""

from satark.models.artefact import Model, load_model, read_model, write_model
from satark.models.binding import BoundModel, bind_model
from satark.models.head import ModelHead, ModelInput

__all__ = [
    "BoundModel",
    "Model",
    "ModelHead",
    "ModelInput",
    "bind_model",
    "load_model",
    "read_model",
    "write_model",
]
