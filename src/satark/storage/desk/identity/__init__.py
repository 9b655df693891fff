"""How members of staff prove who they are, as the desk database keeps it; implements `satark.web.identity.ports`."""

from satark.storage.desk.identity.store import IdentityStore

__all__ = ["IdentityStore"]
