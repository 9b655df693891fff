"""Models from outside: ONNX, and scikit-learn in the skops format, brought in through a declared schema.

A file from elsewhere is checked, bound to its schema, tried out, and written as an artefact of Satark's own
(`satark.models`). From then on nothing tells it from a model that was trained here: the same file format, the same hash
in the policy, the same path in the engine. Libraries that read foreign files are loaded only when such a model is.
"""

from satark.models.adapters.formats import FORMATS, recognise
from satark.models.adapters.importing import Imported, import_model
from satark.models.adapters.schema import ModelSchema, read_schema

__all__ = ["FORMATS", "Imported", "ModelSchema", "import_model", "read_schema", "recognise"]
