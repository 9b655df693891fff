"""Bounds and switches of the pages, given by `satark.app`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import partial


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleSignOnOptions:
    """The OpenID Connect provider of the staff.

    Attributes
    ----------
    issuer
        Its address, as it stands in its tokens.
    client_id, client_secret
        What the provider gave to these pages; without a secret, the code is bound by PKCE alone.
    username_claim
        The claim that holds the member's name here. An e-mail address counts only when the provider has verified it.
    role_claim, roles
        The claim with the member's groups, and the role that each group gives. Empty: roles are given by the
        administrator, and only members that he added may come in.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    username_claim: str = "email"
    role_claim: str = "groups"
    roles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WebOptions:
    """How the pages behave.

    Attributes
    ----------
    secure_cookies
        Send cookies over HTTPS alone and give them the `__Host-` prefix; on wherever the pages are not on this
        machine.
    idle_seconds, session_seconds
        A session ends after so long without a request, and after so long altogether.
    poll_seconds
        How often the log is asked for new decisions, once for all viewers.
    quiet_poll_seconds
        The same while nobody looks.
    poll_limit
        The most decisions taken in one look; what is beyond is counted as passed over, so that a flood in the
        engine is no flood in the pages.
    rows
        How many decisions a page shows.
    language
        Of someone who has not chosen and whose browser says nothing: en or hi.
    second_factor
        Whether every member of staff needs a second factor (or a passkey) before any page opens.
    origin
        Where the pages are reached, as `https://fraud.bank.example`: what passkeys are bound to and where single
        sign-on comes back. Empty: only `localhost` is taken from the request, and other addresses offer neither.
    single_sign_on
        The identity provider, None without one.
    link_key
        Seals what stands in addresses (`satark.web.sealing`); an installation gives its own, so that addresses are
        still good after a restart. By default one of this process.
    """

    secure_cookies: bool = False
    idle_seconds: float = 1_800.0
    session_seconds: float = 43_200.0
    poll_seconds: float = 0.25
    quiet_poll_seconds: float = 1.0
    poll_limit: int = 500
    rows: int = 50
    language: str = "en"
    second_factor: bool = False
    origin: str = ""
    single_sign_on: SingleSignOnOptions | None = None
    link_key: bytes = field(default_factory=partial(secrets.token_bytes, 32), repr=False)
