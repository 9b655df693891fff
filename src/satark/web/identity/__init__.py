"""How a member of staff proves who he is: one-time passwords, recovery codes, passkeys and single sign-on."""

from satark.web.identity.ports import Factors, IdentityStore, Links, LoginSteps

__all__ = ["Factors", "IdentityStore", "Links", "LoginSteps"]
