"""The ways in: a password and a second factor, a passkey, the identity provider."""

from satark.web.login.area import LoginArea

__all__ = ["LoginArea"]
