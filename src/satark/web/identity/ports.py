"""Where second factors, half-done logins and links to an identity provider are kept; `satark.storage.desk` fits it.

All calls block and may be made from any thread. What a person changes is written together with its line in the audit
trail; `actor` is who did it, who need not be whose factor it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from satark.core.staff import Link, Passkey, Standing
    from satark.web.sessions import SessionStore


class Factors(Protocol):
    """Second factors and passkeys."""

    def standing(self, username: str) -> Standing:
        """Return what a member has."""

    def standings(self, usernames: Collection[str]) -> dict[str, Standing]:
        """Return the same of many at once; everybody asked for is in the answer."""

    def begin_totp(self, username: str, secret: str) -> None:
        """Keep a new secret that counts only once `confirm_totp` is called; an earlier one still counts."""

    def pending_totp(self, username: str) -> str | None:
        """Return the secret that waits to be confirmed."""

    def confirm_totp(self, username: str, step: int, *, actor: str) -> bool:
        """Let the waiting secret count, its first code being that of a time step; False when none waits. Audited."""

    def totp(self, username: str) -> tuple[str, int] | None:
        """Return the secret that counts and the last time step whose code was used."""

    def use_totp(self, username: str, step: int) -> bool:
        """Use up the codes of all steps up to this one; False when this one was used up already."""

    def new_recovery_codes(self, username: str, codes: Collection[str], *, actor: str) -> None:
        """Keep the digests of new codes; those from before do not work any more. Audited."""

    def use_recovery_code(self, username: str, code: str) -> bool:
        """Use up a code; False when it is none or was used. Audited."""

    def add_passkey(self, passkey: Passkey, *, actor: str) -> bool:
        """Keep a passkey; False when its id is taken. Audited."""

    def passkeys(self, username: str) -> list[Passkey]:
        """Return a member's passkeys, the oldest first."""

    def passkey(self, credential_id: bytes) -> Passkey | None:
        """Return a passkey by its id, whoever owns it."""

    def use_passkey(self, passkey: Passkey, sign_count: int) -> bool:
        """Write down a use; False when its count has moved since `passkey` was read."""

    def remove_passkey(self, username: str, credential_id: bytes, *, actor: str) -> bool:
        """Remove one of a member's passkeys; False when it is not his. Audited."""

    def remove_totp(self, username: str, *, actor: str) -> bool:
        """Remove one-time passwords and recovery codes; False when there are none. Audited."""

    def reset(self, username: str, *, actor: str) -> None:
        """Remove all factors and links of a member, and end his sessions. Audited."""

    def handle(self, username: str) -> bytes:
        """Return the opaque name under which authenticators know a member."""

    def attempt(self, username: str) -> float:
        """Count a try of a second factor before it is checked; return 0.0, or the seconds to wait instead."""

    def passed(self, username: str) -> None:
        """Forget the tries of a member."""


class LoginSteps(Protocol):
    """What a login remembers between its pages, for minutes: found by a random value that only the browser has."""

    def begin(self, kind: str, body: Mapping[str, str], *, seconds: float) -> str:
        """Keep something and return the value by which it is found."""

    def find(self, value: str | None, kind: str) -> dict[str, str] | None:
        """Return what is kept, None when there is nothing of this kind or its time is over."""

    def take(self, value: str | None, kind: str) -> dict[str, str] | None:
        """Return what is kept and forget it: the second to ask gets None."""


class Links(Protocol):
    """Which identity of a provider is which member."""

    def find(self, issuer: str, subject: str) -> Link | None:
        """Return the link of an identity."""

    def of(self, username: str) -> list[Link]:
        """Return a member's links."""

    def add(self, issuer: str, subject: str, username: str, *, actor: str) -> bool:
        """Link; False when the identity, or the member at this provider, is linked already. Audited."""

    def remove(self, username: str, *, actor: str) -> int:
        """Remove all links of a member; return how many. Audited."""


class IdentityStore(Protocol):
    """All of it; `Desk.identity` of the desk database."""

    @property
    def sessions(self) -> SessionStore:
        """Who is logged in."""

    @property
    def factors(self) -> Factors:
        """Second factors."""

    @property
    def steps(self) -> LoginSteps:
        """Half-done logins."""

    @property
    def links(self) -> Links:
        """Identities of a provider."""
