"""Members of staff: their roles, and what is kept of how they prove who they are.

Only shapes: `satark.storage.desk.identity` keeps them, `satark.web` asks for the proofs and decides by them.
"""

from __future__ import annotations

from dataclasses import dataclass

ANALYST = "analyst"
SUPERVISOR = "supervisor"
AUTHOR = "author"
OFFICER = "officer"
AUDITOR = "auditor"
VIEWER = "viewer"
ADMINISTRATOR = "administrator"

ROLES = (ANALYST, SUPERVISOR, AUTHOR, OFFICER, AUDITOR, VIEWER, ADMINISTRATOR)
"""All roles, in the order in which a choice shows them; what each may do stands in `satark.web.permissions`."""

MIN_PASSWORD_LENGTH = 12
MAX_PASSWORD_LENGTH = 256


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One login.

    Attributes
    ----------
    key
        SHA-256 of the cookie's value.
    id
        A name for lists; opens nothing.
    method
        password, passkey or single_sign_on.
    strong
        Whether a second factor was given.
    seen_us
        When it was last used, to the minute.
    member_changed_us
        The member's own time of change when the session began; another one now ends the session.
    address, agent
        Where from and with which browser, for the member to know it again.
    """

    key: bytes
    id: str
    username: str
    role: str
    method: str
    strong: bool
    began_us: int
    seen_us: int
    member_changed_us: int
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey (W3C Web Authentication).

    Attributes
    ----------
    id
        The credential's id.
    public_key
        In the form of COSE.
    sign_count
        How often the authenticator says it was used; 0 for those that do not count.
    name
        What its owner calls it.
    """

    id: bytes
    username: str
    public_key: bytes
    sign_count: int
    name: str
    made_us: int
    used_us: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Which proofs beside a password a member has.

    Attributes
    ----------
    totp
        One-time passwords are set up.
    recovery_codes
        How many unused ones are left.
    passkeys
        How many are registered.
    links
        How many identities of a provider are linked.
    """

    totp: bool = False
    recovery_codes: int = 0
    passkeys: int = 0
    links: int = 0

    @property
    def second_factor(self) -> bool:
        """Whether a password alone does not let this member in."""
        return self.totp or self.passkeys > 0


@dataclass(frozen=True, slots=True)
class Link:
    """An identity of an OpenID Connect provider that belongs to a member."""

    issuer: str
    subject: str
    username: str
    linked_us: int
