"""All routes that lead in; the only ones besides our own files that answer somebody who is not logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from satark.web.login.pages import LoginPages
from satark.web.login.passkey import PasskeyLogin
from satark.web.login.second import SecondPages
from satark.web.login.single_sign_on import SingleSignOnPages

if TYPE_CHECKING:
    from satark.web.desk import Desk


class LoginArea:
    """The routes of logging in; each guards itself."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """Return the routes."""
        password, second = LoginPages(self._desk), SecondPages(self._desk)
        passkey, provider = PasskeyLogin(self._desk), SingleSignOnPages(self._desk)
        return [
            Route("/login", password.form, methods=["GET"]),
            Route("/login", password.enter, methods=["POST"]),
            Route("/login/second", second.form, methods=["GET"]),
            Route("/login/second", second.enter, methods=["POST"]),
            Route("/login/passkey/options", passkey.options, methods=["POST"]),
            Route("/login/passkey", passkey.enter, methods=["POST"]),
            Route("/login/single-sign-on", provider.begin, methods=["GET"]),
            Route("/login/single-sign-on/back", provider.back, methods=["GET"]),
        ]
