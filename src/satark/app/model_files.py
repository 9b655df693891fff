"""Where models lie outside the log: beside the policy that names them, and in the store of the data folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.policies.model_rules import STORED
from satark.storage.model_store import FOLDER, SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from satark.policies.model_rules import ModelRef

MAX_BYTES = 256 << 20


def store_path(data: Path, model_hash: str) -> Path:
    """Return where the store keeps a model.

    Examples
    --------
    >>> from pathlib import Path
    >>> store_path(Path("data"), "51ab").as_posix()
    'data/models/51ab.model'
    """
    return data / FOLDER / f"{model_hash}{SUFFIX}"


def candidates(ref: ModelRef, beside: Path, data: Path) -> Iterator[bytes]:
    """Return the contents of the files that may be a model; whoever asked checks the hash.

    Parameters
    ----------
    ref
        As the policy names it.
    beside
        The policy's folder.
    data
        The data folder.
    """
    places = [] if ref.use.startswith(STORED) else [beside / ref.use]
    for path in (*places, store_path(data, ref.hash)):
        try:
            if path.stat().st_size <= MAX_BYTES:
                yield path.read_bytes()
        except OSError:
            continue
