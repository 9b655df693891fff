"""The identity provider of the staff: OpenID Connect 1.0, authorization code with PKCE (RFC 7636).

Authlib makes the requests and checks the claims, joserfc the signature. What the provider says of itself (discovery)
and its keys are kept for an hour; a token signed with a key that is not among them makes us ask again, once a minute at
most. Only asymmetric signatures are taken, so that nobody can sign with what is public.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import msgspec
from authlib.oauth2.base import OAuth2Error  # type: ignore[import-untyped]
from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.parameters import prepare_token_request  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from satark.core.clock import MICROS_PER_SECOND

if TYPE_CHECKING:
    from satark.core.clock import Clock
    from satark.web.options import SingleSignOnOptions

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
SCOPE = "openid email profile"
LEEWAY_SECONDS = 60
TIMEOUT_SECONDS = 10.0
KEPT_US = 3_600 * MICROS_PER_SECOND
ASK_AGAIN_US = 60 * MICROS_PER_SECOND
MAX_ANSWER_BYTES = 1 << 20
MAX_CLAIM = 64
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class ProviderRefused(Exception):
    """The provider cannot be reached, or what it says does not hold; the text is for the log."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A login on its way: where to send the browser, and what to remember until it is back."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who the provider says it is.

    Attributes
    ----------
    issuer, subject
        The provider, and its own name for the person, which it never gives to another.
    username
        The name by which the person may be known here.
    role
        What the person's groups give; None when they give none or the settings name no groups.
    """

    issuer: str
    subject: str
    username: str
    role: str | None


class _Metadata(msgspec.Struct, frozen=True):
    """What we need of the provider's description of itself (OpenID Connect Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


@dataclass(frozen=True, slots=True)
class _Known:
    metadata: _Metadata
    keys: KeySet
    asked_us: int


class Provider:
    """One provider.

    Parameters
    ----------
    options
        Its address and what it gave us.
    clock
        What its tokens' times count against.
    """

    def __init__(self, options: SingleSignOnOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._known: _Known | None = None

    async def begin(self, back: str) -> Begun:
        """Return a login on its way; `back` is where the provider sends the browser afterwards.

        Raises
        ------
        ProviderRefused
            The provider cannot be reached, or does not describe itself as it must.
        """
        known = await self._ask()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        address, _ = self._client(known, back).create_authorization_url(
            known.metadata.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
        )
        return Begun(address, state, nonce, verifier)

    async def finish(
        self, code: str, back: str, *, nonce: str, verifier: str, issuer: str | None = None
    ) -> Person:
        """Exchange a code for the person's token and check it.

        Parameters
        ----------
        issuer
            What the answer says it is from, if it does (RFC 9207).

        Raises
        ------
        ProviderRefused
            The exchange or a check failed.
        """
        known = await self._ask()
        if issuer is not None and issuer != known.metadata.issuer:
            raise ProviderRefused("the answer is from another issuer")
        token = await self._exchange(known, code, back, verifier)
        text = token.get("id_token")
        if not isinstance(text, str):
            raise ProviderRefused("there is no id token")
        try:
            decoded = _decoded(text, known.keys)
        except InvalidKeyIdError:
            # The provider may have changed its keys since we asked.
            known = await self._ask(again=True)
            try:
                decoded = _decoded(text, known.keys)
            except InvalidKeyIdError as error:
                raise ProviderRefused("the id token is signed with an unknown key") from error
        return self._person(known, decoded, nonce, token.get("access_token"))

    def _person(self, known: _Known, token: jwt.Token, nonce: str, access_token: object) -> Person:
        options = self._options
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": known.metadata.issuer},
                "aud": {"essential": True, "value": options.client_id},
            },
            params={"nonce": nonce, "client_id": options.client_id, "access_token": access_token},
        )
        try:
            claims.validate(now=self._clock.now_us() // MICROS_PER_SECOND, leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderRefused(f"a claim does not hold: {error}") from error
        username, subject = claims.get(options.username_claim), claims.get("sub")
        if not (isinstance(username, str) and 0 < len(username) <= MAX_CLAIM and isinstance(subject, str)):
            raise ProviderRefused(f"there is no usable claim {options.username_claim}")
        if options.username_claim == "email" and claims.get("email_verified") is not True:
            raise ProviderRefused("the e-mail address is not verified")
        return Person(known.metadata.issuer, subject, username.lower(), self._role(claims))

    def _role(self, claims: dict[str, Any]) -> str | None:
        groups = claims.get(self._options.role_claim)
        if isinstance(groups, str):
            groups = [groups]
        if not isinstance(groups, list):
            return None
        return next((role for group, role in self._options.roles if group in groups), None)

    async def _exchange(self, known: _Known, code: str, back: str, verifier: str) -> dict[str, Any]:
        client = self._client(known, back)
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=back, code_verifier=verifier
        )
        headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
        auth = client.client_auth(client.token_endpoint_auth_method)
        address, headers, body = auth.prepare("POST", known.metadata.token_endpoint, headers, body)
        answer = await self._send("POST", address, headers=headers, content=body)
        try:
            return dict(client.parse_response_token(answer))
        except (OAuth2Error, httpx.HTTPError, ValueError, TypeError) as error:
            raise ProviderRefused(f"the code was refused: {error}") from error

    def _client(self, known: _Known, back: str) -> OAuth2Client:
        """Return Authlib's half of the protocol; the requests are sent by ours."""
        secret, method = self._options.client_secret or None, "none"
        if secret:
            offered = known.metadata.token_endpoint_auth_methods_supported
            method = "client_secret_post" if "client_secret_basic" not in offered else "client_secret_basic"
        return OAuth2Client(
            session=None,
            client_id=self._options.client_id,
            client_secret=secret,
            token_endpoint_auth_method=method,
            scope=SCOPE,
            redirect_uri=back,
            code_challenge_method="S256",
        )

    async def _ask(self, *, again: bool = False) -> _Known:
        """Return the provider's description and keys, asking for them where they are missing or old."""
        known, now = self._known, self._clock.now_us()
        oldest = ASK_AGAIN_US if again else KEPT_US
        if known is not None and now - known.asked_us < oldest:
            return known
        issuer = self._options.issuer
        address = issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            metadata = msgspec.json.decode((await self._get(address)).content, type=_Metadata)
            if metadata.issuer != issuer:
                raise ProviderRefused("the provider calls itself something else")
            for endpoint in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
                _check_address(endpoint)
            answer = await self._get(metadata.jwks_uri)
            keys = KeySet.import_key_set(msgspec.json.decode(answer.content))
        except (msgspec.DecodeError, JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderRefused(f"the provider's description: {type(error).__name__}") from error
        self._known = _Known(metadata, keys, now)
        return self._known

    async def _get(self, address: str) -> httpx.Response:
        _check_address(address)
        answer = await self._send("GET", address, headers={"accept": "application/json"})
        if answer.status_code != httpx.codes.OK:
            raise ProviderRefused(f"the provider answers {answer.status_code}")
        return answer

    async def _send(self, method: str, address: str, **values: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        """Send one request; the answer is bounded, and redirects are not followed."""
        try:
            async with (
                httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client,
                asyncio.timeout(2 * TIMEOUT_SECONDS),
                client.stream(method, address, **values) as answer,
            ):
                body = bytearray()
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MAX_ANSWER_BYTES:
                        raise ProviderRefused("the provider's answer is too long")
                headers = {name: value for name, value in answer.headers.items() if name == "content-type"}
                return httpx.Response(
                    answer.status_code, headers=headers, content=bytes(body), request=answer.request
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise ProviderRefused(f"the provider cannot be reached: {type(error).__name__}") from error


def _decoded(text: str, keys: KeySet) -> jwt.Token:
    try:
        return jwt.decode(text, keys, algorithms=list(ALGORITHMS))
    except InvalidKeyIdError:
        raise
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ProviderRefused(f"the id token does not verify: {type(error).__name__}") from error


def _check_address(address: str) -> None:
    """Refuse an address over which others could listen; a provider on this machine needs no TLS."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise ProviderRefused("the provider's addresses must be https")
