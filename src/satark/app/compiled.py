"""Where numba keeps compiled kernels; told before anything imports numba."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

NUMBA_VARIABLE = "NUMBA_CACHE_DIR"
_OURS_VARIABLE = "SATARK_COMPILED"
_KERNEL = Path(__file__).parents[1] / "features" / "kernel"
"""Holds the place that was chosen here, so that a better one (a data folder made meanwhile) may replace it."""


def place_compiled_code(data: Path) -> None:
    """Tell numba where compiled kernels are kept, before anything imports it.

    They lie under the data folder, where the engine may write and no stranger can plant code. A command
    without a data folder (a replay, say) leaves none behind: it uses the person's own cache, and where that
    cannot be made either, a new temporary folder.
    """
    chosen = os.environ.get(NUMBA_VARIABLE)
    if chosen and chosen != os.environ.get(_OURS_VARIABLE):
        return
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "satark"
    places = [data.absolute() / "cache", cache] if data.is_dir() else [cache]
    # Numba sees a change in a function's own file alone, not in those it calls: compiled code of another version of
    # the kernel would go on running. So each version has a folder of its own.
    mark = f"numba-{kernel_mark()}"
    made = next((place / mark for place in places if _can_make(place / mark)), None)
    os.environ[NUMBA_VARIABLE] = os.environ[_OURS_VARIABLE] = str(
        made or tempfile.mkdtemp(prefix="satark-numba-")
    )


def kernel_mark() -> str:
    """Return a short name of the kernel's source as it is installed."""
    found = hashlib.sha256()
    for path in sorted(_KERNEL.glob("*.py")):
        content = path.read_bytes()
        found.update(f"{path.name}:{len(content)}:".encode() + content)
    return found.hexdigest()[:12]


def _can_make(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
