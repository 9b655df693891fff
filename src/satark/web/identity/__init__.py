"""How a member of staff proves who he is: one-time passwords, recovery codes, passkeys and single sign-on."""

from satark.web.identity.ports import Factors, IdentityStore, Link, Passkey, Standing

__all__ = ["Factors", "IdentityStore", "Link", "Passkey", "Standing"]
