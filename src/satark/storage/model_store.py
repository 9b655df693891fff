"""Models by the hash of their content, in a folder of the installation: `<data folder>/models/<hash>.model`.

A policy names a model by its hash, so a file here never changes; it is written beside its place and renamed. What is
read is checked against its name.
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satark.core.errors import FolderUnusable, ModelInvalid, NotFound
from satark.models import load_model
from satark.models.artefact import read_head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from satark.models import Model, ModelHead

FOLDER = "models"
SUFFIX = ".model"
LEAST_PREFIX = 8
"""So many characters of a hash are enough, where they are enough to tell it from the others."""
MOST_TOLD = 200
_HASH = re.compile(r"[0-9a-f]{64}")
_PREFIX = re.compile(rf"[0-9a-f]{{{LEAST_PREFIX},64}}")


@dataclass(frozen=True, slots=True)
class KeptModel:
    """A model of the folder, for people.

    Attributes
    ----------
    hash
        Of its content.
    size
        Of the file, in bytes.
    kept_us
        Since when it is there.
    head
        What it says about itself; None when the file is damaged.
    """

    hash: str
    size: int
    kept_us: int
    head: ModelHead | None


class ModelStore:
    """The models of one installation.

    Parameters
    ----------
    home
        The data folder; the folder of models is made in it when the first one is kept.
    """

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER
        self._heads: dict[str, KeptModel] = {}

    def put(self, data: bytes) -> Path:
        """Keep a model; one that is there already stays.

        Raises
        ------
        ModelInvalid
            It is no model.
        FolderUnusable
            It cannot be written.
        """
        model = load_model(data)
        path = self.folder / f"{model.hash}{SUFFIX}"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.is_file():
                return path
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".new-", delete=False) as file:
                part = Path(file.name)
                try:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                    part.replace(path)
                except OSError:
                    part.unlink(missing_ok=True)
                    raise
        except OSError as error:
            message = f"the model cannot be kept in {self.folder}: {error.strerror}"
            raise FolderUnusable(message, path=str(self.folder)) from None
        return path

    def path(self, name: str) -> Path:
        """Return where a model lies.

        Parameters
        ----------
        name
            Its hash, with or without ``sha256:`` before it, or the first `LEAST_PREFIX` characters or more.

        Raises
        ------
        NotFound
            There is none, or more than one begins like this.
        """
        wanted = name.removeprefix("sha256:").lower()
        if _PREFIX.fullmatch(wanted):
            found = [path for path in self._paths() if path.name.startswith(wanted)]
            if len(found) == 1:
                return found[0]
            if found:
                message = f"{len(found)} models begin with {wanted}"
                raise NotFound(message, model=wanted)
        message = f"there is no model {name[:80]} in {self.folder}"
        raise NotFound(message, model=name[:80])

    def get(self, model_hash: str) -> bytes:
        """Return the bytes of a model by its whole hash.

        Raises
        ------
        NotFound
            There is none.
        ModelInvalid
            What lies there is damaged or another one.
        """
        if not _HASH.fullmatch(model_hash):
            message = "this is not the hash of a model"
            raise NotFound(message, model=model_hash[:80])
        try:
            data = self.path(model_hash).read_bytes()
        except OSError:
            message = "the model cannot be read"
            raise NotFound(message, model=model_hash) from None
        checked(data, model_hash)
        return data

    def models(self) -> Iterator[tuple[Path, Model | ModelInvalid]]:
        """Yield the models by their hashes, or what is wrong with one."""
        for path in self._paths():
            try:
                yield path, checked(path.read_bytes(), path.name.removesuffix(SUFFIX), file=path.name)
            except ModelInvalid as error:
                yield path, error
            except OSError as error:
                yield path, ModelInvalid(f"the model cannot be read: {error.strerror}", path=str(path))

    def heads(self) -> list[KeptModel]:
        """Return what the models say about themselves, the newest first; damaged ones are told as such.

        A file is read once: its name is the hash of its content.
        """
        newest = sorted(self._paths(), key=_changed_us, reverse=True)[:MOST_TOLD]
        return [self._told(path) for path in newest]

    def head(self, model_hash: str) -> KeptModel | None:
        """Return what one model says about itself, None when it is not kept here."""
        path = self.folder / f"{model_hash}{SUFFIX}"
        return self._told(path) if _HASH.fullmatch(model_hash) and path.is_file() else None

    def _told(self, path: Path) -> KeptModel:
        wanted = path.name.removesuffix(SUFFIX)
        known = self._heads.get(wanted)
        if known is not None:
            return known
        found = _head_of(path, wanted)
        if found.head is not None:
            self._heads[wanted] = found
        return found

    def _paths(self) -> list[Path]:
        try:
            paths = sorted(self.folder.iterdir())
        except OSError:
            return []
        return [
            path
            for path in paths
            if path.suffix == SUFFIX and _HASH.fullmatch(path.name.removesuffix(SUFFIX))
        ]


def _changed_us(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns // 1_000
    except OSError:
        return 0


def _head_of(path: Path, wanted: str) -> KeptModel:
    try:
        data = path.read_bytes()
        found, head = read_head(data, file=path.name)
    except (OSError, ModelInvalid):
        return KeptModel(wanted, _size(path), _changed_us(path), None)
    return KeptModel(wanted, len(data), _changed_us(path), head if found == wanted else None)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def checked(data: bytes, model_hash: str, *, file: str = "model") -> Model:
    """Read a model that must have a hash.

    Raises
    ------
    ModelInvalid
        It cannot be read, or is another one.
    """
    model = load_model(data, file=file)
    if model.hash != model_hash:
        message = f"the model {file} is another one: its hash begins with {model.hash[:12]}"
        raise ModelInvalid(message, path=file)
    return model
