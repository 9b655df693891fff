"""A folder of rows per version of the windows, so that another policy's windows never cost the rows of the first.

While a policy with other windows is published, both versions are kept; once it decides, the others are removed.
"""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from satark.storage.window_rows import MANIFEST, SEGMENT_BYTES, WindowRows

if TYPE_CHECKING:
    from pathlib import Path


class WindowFolders:
    """The folders of rows of one engine.

    Parameters
    ----------
    folder
        Under the data folder; owned by one engine.
    mark
        As of `WindowRows`.
    """

    def __init__(self, folder: Path, *, mark: str = "", segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._mark = mark
        self._segment_bytes = segment_bytes

    def of(self, version: str) -> WindowRows:
        """Return the rows of a version of the windows (`Plan.version`: hexadecimal digits)."""
        mine = self._folder / version
        self._adopt(mine)
        return WindowRows(
            mine,
            mark=self._mark,
            segment_bytes=self._segment_bytes,
            alone=lambda: self._remove_others(version),
        )

    def _adopt(self, mine: Path) -> None:
        """Move rows that lie in the folder itself, where they all lay before versions had folders of their own.

        Whether they are of this version is told when they are opened; the manifest goes last, so that a move that was
        cut short is finished the next time.
        """
        old = self._folder / MANIFEST
        if not old.exists():
            return
        with contextlib.suppress(OSError):
            mine.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in sorted(self._folder.glob("rows-*.bin")):
                path.replace(mine / path.name)
            old.replace(mine / MANIFEST)

    def _remove_others(self, version: str) -> None:
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if path.is_dir() and path.name != version:
                shutil.rmtree(path, ignore_errors=True)
