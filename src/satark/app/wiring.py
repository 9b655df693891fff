"""How the parts come together: the only place that knows storage, engine, HTTP and pages at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from satark.app.settings import Settings


class AppWiring:
    """The collaborators of one command, each made when it is asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.settings.data.absolute()
