"""How the parts come together: the only place that knows storage, engine, HTTP and pages at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from satark.core.errors import InputInvalid

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from satark.app.settings import Settings
    from satark.policies import Policy
    from satark.storage import Storage


class AppWiring:
    """The collaborators of one command, each made when it is asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.settings.data.absolute()

    def policy(self, name: str | None = None) -> Policy:
        """Load a bundled policy by name or a file by path; without either, the policy of the settings.

        Raises
        ------
        InputInvalid
            There is neither such a file nor such a bundled policy.
        PolicyInvalid
            It has mistakes; all of them are told.
        """
        from satark.policies import load_bundled, load_policy
        from satark.policies.loader import BUNDLED

        name = name or self.settings.policy
        if name in BUNDLED:
            return load_bundled(name)
        path = Path(name)
        if not path.is_file():
            message = f"there is no policy file {name}, and the bundled policies are {', '.join(BUNDLED)}"
            raise InputInvalid(message, path=name)
        return load_policy(path)

    def storage(self, *, write: bool = True) -> AbstractContextManager[Storage]:
        """Open what is kept in the data folder, or in the database of the settings."""
        from satark.storage import Secrets, open_storage

        return open_storage(
            self.settings.database or self.data,
            folder=self.data,
            read_only=not write,
            secrets=Secrets.parse(self.settings.secrets) if self.settings.secrets else None,
        )
