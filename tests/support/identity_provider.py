"""An OpenID Connect provider on this machine, on a real socket: discovery, keys, authorization code with PKCE, tokens.

It asks nobody for a password: `person` is who is logged in there. What is wrong on purpose is set by `lie`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import socket
import threading
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "satark-pages", "a secret of the tests"
ASHA = {"sub": "u-1001", "email": "asha@bank.example", "email_verified": True, "groups": ["fraud-desk"]}


class IdentityProvider:
    """The provider; started by `with`.

    Attributes
    ----------
    person
        The claims of who is logged in at the provider.
    lie
        What to do wrong: a dictionary of claims that replace right ones, or a word.
    now
        Seconds since 1970 for the times in its tokens.
    """

    def __init__(self, now):
        self.person = dict(ASHA)
        self.lie = {}
        self.word = ""
        self.now = now
        self.asked = []
        self._codes = {}
        self.keys = KeySet([RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})])
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.issuer = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )
        config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none", loop="asyncio")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    def __enter__(self):
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()

    def new_key(self):
        """Change the key, as providers do every few months."""
        self.keys = KeySet([RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})])

    async def _describe(self, _):
        self.asked.append("description")
        return JSONResponse(
            {
                "issuer": "https://somebody.else" if self.word == "issuer" else self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": "http://idp.example/token"
                if self.word == "plain"
                else f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    async def _keys(self, _):
        self.asked.append("keys")
        return JSONResponse(self.keys.as_dict(private=False))

    async def _authorize(self, request):
        asked = dict(request.query_params)
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT_ID)
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        if self.word == "denied":
            return RedirectResponse(
                f"{asked['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': asked['state']})}"
            )
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.lie.get("answer_iss", self.issuer)}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}")

    async def _token(self, request):
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        login = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {login}":
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        asked = self._codes.pop(form.get("code", ""), None)
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
            .decode()
            .rstrip("=")
        )
        if (
            asked is None
            or form["grant_type"] != "authorization_code"
            or asked["redirect_uri"] != form.get("redirect_uri")
            or asked["code_challenge"] != challenge
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        if self.word == "no token":
            return JSONResponse({"access_token": "x", "token_type": "Bearer"})
        now = self.now()
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.person,
            **self.lie,
        }
        return JSONResponse(
            {
                "access_token": "at",
                "token_type": "Bearer",
                "expires_in": 300,
                "id_token": self._signed(claims),
            }
        )

    def _signed(self, claims):
        key = self.keys.keys[0]
        if self.word == "other key":
            key = RSAKey.generate_key(2048, {"kid": key.kid})
        if self.word == "public key as secret":
            # The classic: sign with what everybody knows, and hope that the kind of signature is not looked at.
            key = OctKey.import_key(key.as_pem(private=False), {"kid": key.kid})
            return jwt.encode({"alg": "HS256", "kid": key.kid}, claims, key, algorithms=["HS256"])
        if self.word == "none":
            parts = [b'{"alg":"none"}', json.dumps(claims).encode()]
            return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


def answer_of(location):
    """Return path and query of where the provider sends the browser back to."""
    parts = urlsplit(location)
    return f"{parts.path}?{parts.query}"
