"""LightGBM's C library, without its Python package.

Importing the package costs seconds and loads pandas and scikit-learn; an engine needs five functions of the library.
"""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from satark.core.errors import ModelInvalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

DOUBLES = 1
RAW_SCORE = 1
CONTRIBUTIONS = 3
ROW_MAJOR = 1
EVERY_TREE = -1
GAIN = 1
_ONE_THREAD = b"num_threads=1"


@cache
def library() -> ctypes.CDLL:
    """Return the loaded library.

    Raises
    ------
    ModelInvalid
        It is not installed, or cannot be loaded here.
    """
    spec = find_spec("lightgbm")
    folders = [] if spec is None else [Path(path) for path in spec.submodule_search_locations or ()]
    for folder in folders:
        for name in ("lib_lightgbm.so", "lib_lightgbm.dylib", "lib_lightgbm.dll"):
            if (folder / "lib" / name).exists():
                try:
                    loaded = ctypes.CDLL(str(folder / "lib" / name))
                except OSError as error:
                    message = f"LightGBM's library cannot be loaded: {error}"
                    raise ModelInvalid(message) from None
                loaded.LGBM_GetLastError.restype = ctypes.c_char_p
                return loaded
    message = "a LightGBM model needs `pip install satark[models]`"
    raise ModelInvalid(message)


def checked(code: int) -> None:
    """Raise what the library complains about.

    Raises
    ------
    ModelInvalid
        When the code is not 0.
    """
    if code:
        said = (library().LGBM_GetLastError() or b"unknown").decode("utf-8", "replace")
        message = f"LightGBM refuses the model: {said[:200]}"
        raise ModelInvalid(message)


class Booster:
    """Trees in the library's memory, freed with this object."""

    def __init__(self, text: bytes) -> None:
        self.handle = ctypes.c_void_p()
        rounds = ctypes.c_int()
        checked(
            library().LGBM_BoosterLoadModelFromString(
                ctypes.c_char_p(text), ctypes.byref(rounds), ctypes.byref(self.handle)
            )
        )
        self._free = library().LGBM_BoosterFree
        self.n_rounds = rounds.value
        features, classes = ctypes.c_int(), ctypes.c_int()
        checked(library().LGBM_BoosterGetNumFeature(self.handle, ctypes.byref(features)))
        checked(library().LGBM_BoosterGetNumClasses(self.handle, ctypes.byref(classes)))
        self.n_features, self.n_classes = features.value, classes.value

    def __del__(self) -> None:
        """Give the memory back."""
        if getattr(self, "_free", None) is not None and self.handle.value:
            self._free(self.handle)

    def merge(self, other: Booster) -> None:
        """Put the trees of another booster in front of these."""
        checked(library().LGBM_BoosterMerge(self.handle, other.handle))

    def text(self) -> str:
        """Return the trees in LightGBM's text form."""
        needed = ctypes.c_int64()
        buffer = ctypes.create_string_buffer(1)
        for _ in range(2):
            checked(
                library().LGBM_BoosterSaveModelToString(
                    self.handle,
                    ctypes.c_int(0),
                    ctypes.c_int(EVERY_TREE),
                    ctypes.c_int(GAIN),
                    ctypes.c_int64(len(buffer)),
                    ctypes.byref(needed),
                    buffer,
                )
            )
            if needed.value <= len(buffer):
                break
            buffer = ctypes.create_string_buffer(needed.value)
        return buffer.value.decode()

    def predict(
        self, rows: NDArray[np.float64], what: int = RAW_SCORE, parameter: bytes = b""
    ) -> NDArray[np.float64]:
        """Return raw scores, shape (n,), or contributions, shape (n, features + 1)."""
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        width = self.n_features + 1 if what == CONTRIBUTIONS else 1
        out = np.zeros((len(rows), width), dtype=np.float64)
        written = ctypes.c_int64()
        if len(rows):
            checked(
                library().LGBM_BoosterPredictForMat(
                    self.handle,
                    rows.ctypes.data_as(ctypes.c_void_p),
                    ctypes.c_int(DOUBLES),
                    ctypes.c_int32(rows.shape[0]),
                    ctypes.c_int32(rows.shape[1]),
                    ctypes.c_int(ROW_MAJOR),
                    ctypes.c_int(what),
                    ctypes.c_int(0),
                    ctypes.c_int(EVERY_TREE),
                    ctypes.c_char_p(parameter),
                    ctypes.byref(written),
                    out.ctypes.data_as(ctypes.c_void_p),
                )
            )
        return out if what == CONTRIBUTIONS else out[:, 0]

    def fast(self) -> FastRow:
        """Return a handle for single rows; it belongs to one thread."""
        return FastRow(self)


class FastRow:
    """LightGBM's prepared prediction of single rows, with buffers of its own; for one thread.

    Attributes
    ----------
    row
        Shape (features,): written before `score` is called.
    """

    def __init__(self, booster: Booster) -> None:
        self._booster = booster
        self._config = ctypes.c_void_p()
        checked(
            library().LGBM_BoosterPredictForMatSingleRowFastInit(
                booster.handle,
                ctypes.c_int(RAW_SCORE),
                ctypes.c_int(0),
                ctypes.c_int(EVERY_TREE),
                ctypes.c_int(DOUBLES),
                ctypes.c_int32(booster.n_features),
                ctypes.c_char_p(_ONE_THREAD),
                ctypes.byref(self._config),
            )
        )
        self._free = library().LGBM_FastConfigFree
        self.row = np.full(max(1, booster.n_features), np.nan)
        self._out = (ctypes.c_double * 1)()
        self._written = ctypes.c_int64()
        # The addresses never change, so they are made into arguments once.
        self._arguments: tuple[Any, ...] = (
            self._config,
            ctypes.c_void_p(self.row.ctypes.data),
            ctypes.byref(self._written),
            self._out,
        )
        self._call = library().LGBM_BoosterPredictForMatSingleRowFast

    def __del__(self) -> None:
        """Give the memory back."""
        if getattr(self, "_free", None) is not None and self._config.value:
            self._free(self._config)

    def score(self) -> float:
        """Return the raw score of `row`."""
        code = self._call(*self._arguments)
        if code:
            checked(code)
        return self._out[0]
