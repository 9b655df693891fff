"""All that is kept of how the staff prove who they are, under one name: `Desk.identity`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.storage.desk.identity.factors import Factors
from satark.storage.desk.identity.links import Links
from satark.storage.desk.identity.sealing import Seals
from satark.storage.desk.identity.sessions import StaffSessions
from satark.storage.desk.identity.steps import LoginSteps

if TYPE_CHECKING:
    from satark.core.clock import Clock
    from satark.storage.desk.audit import DeskAudit
    from satark.storage.engines import Engines


class IdentityStore:
    """Sessions, factors, half-done logins and links; implements `satark.web.identity.ports.IdentityStore`.

    Parameters
    ----------
    audit
        The desk's chain: what a person changes is noted there in the same transaction.
    key
        The installation's own (`Secrets.audit_key`); the keys used here are derived from it.
    """

    def __init__(self, engines: Engines, clock: Clock, audit: DeskAudit, *, key: bytes) -> None:
        seals = Seals(key)
        self.sessions = StaffSessions(engines, audit)
        self.factors = Factors(engines, clock, audit, seals)
        self.steps = LoginSteps(engines, clock, seals)
        self.links = Links(engines, clock, audit)
