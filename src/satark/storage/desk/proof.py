"""How the desk's chain hangs on the installation's trail: the trail notes the desk's head, `verify` compares.

A chain alone does not show that its tail was cut. The trail's own head is exported hourly to where the database's owner
cannot change it; a head of the desk that the trail has noted is therefore held as fast as the trail itself.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from satark.core.clock import SystemClock
from satark.storage.desk.audit import DeskAudit
from satark.storage.desk.copying import has_desk
from satark.storage.desk.opening import open_engines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from satark.storage.audit import Audit
    from satark.storage.desk.audit import DeskAuditReport
    from satark.storage.facade import Storage
    from satark.storage.verify import Progress

SEALED = "desk_sealed"
_PAGE = 1_000


@contextmanager
def desk_chain(storage: Storage) -> Iterator[DeskAudit | None]:
    """Give the desk's chain for reading; None when the installation has no desk."""
    if not has_desk(storage.engines, storage.folder):
        yield None
        return
    key = storage.secrets.audit_key
    if storage.engines.dialect != "sqlite" or storage.folder is None:
        yield DeskAudit(storage.engines, SystemClock(), key=key)
        return
    engines = open_engines(storage.folder, read_only=True)
    try:
        yield DeskAudit(engines, SystemClock(), key=key)
    finally:
        engines.dispose()


def seal_desk(storage: Storage) -> int:
    """Note the desk's head in the trail; return its place, 0 when there is nothing new.

    Raises
    ------
    StorageUnavailable
        The desk cannot be read or the trail not written.
    """
    with desk_chain(storage) as chain:
        seq, digest = (0, b"") if chain is None else chain.head()
    newest = storage.audit.entries(1, action=SEALED)
    if not seq or (newest and newest[0].detail.get("desk_seq") == seq):
        return 0
    storage.audit.append(actor="system", action=SEALED, detail={"desk_seq": seq, "desk_hash": digest.hex()})
    return seq


def verify_desk(storage: Storage, *, progress: Progress | None = None) -> DeskAuditReport | None:
    """Compute the desk's chain again and compare it with the heads that the trail has noted.

    Raises
    ------
    StorageUnavailable
        A database cannot be read.
    """
    with desk_chain(storage) as chain:
        if chain is None:
            return None
        return chain.verify(heads=noted_heads(storage.audit), progress=progress)


def noted_heads(trail: Audit) -> dict[int, str]:
    """Return the desk's heads that the trail has noted: place to hash."""
    heads: dict[int, str] = {}
    before: int | None = None
    while True:
        entries = trail.entries(_PAGE, before_seq=before, action=SEALED)
        for entry in entries:
            heads[int(entry.detail["desk_seq"])] = str(entry.detail["desk_hash"])
        if len(entries) < _PAGE:
            return heads
        before = entries[-1].seq
