"""The pages' options of the settings, checked: what is wrong is said at the start and not at somebody's login."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from satark.core.errors import SettingInvalid
from satark.core.staff import ROLES
from satark.web import WebOptions
from satark.web.identity.origin import parse_origin
from satark.web.options import SingleSignOnOptions

if TYPE_CHECKING:
    from satark.app.settings import Settings


def web_options(settings: Settings) -> WebOptions:
    """Return the pages' options.

    Raises
    ------
    SettingInvalid
        An address is none, a role is unknown, or half of what single sign-on needs is missing.
    """
    if settings.web_origin and parse_origin(settings.web_origin) is None:
        message = "web_origin must be an address such as https://fraud.bank.example, without a path"
        raise SettingInvalid(message, setting="web_origin")
    return WebOptions(
        secure_cookies=settings.web_https,
        second_factor=settings.web_second_factor,
        origin=settings.web_origin,
        single_sign_on=_single_sign_on(settings),
    )


def is_loopback(host: str) -> bool:
    """Tell whether an address that is listened on can be reached from this machine alone.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("pages.bank.example")
    (True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _single_sign_on(settings: Settings) -> SingleSignOnOptions | None:
    if not settings.oidc_issuer:
        return None
    if not settings.oidc_client_id:
        message = "oidc_issuer needs oidc_client_id, the name of the pages at the identity provider"
        raise SettingInvalid(message, setting="oidc_client_id")
    return SingleSignOnOptions(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        username_claim=settings.oidc_username_claim,
        role_claim=settings.oidc_role_claim,
        roles=_roles(settings.oidc_roles),
    )


def _roles(text: str) -> tuple[tuple[str, str], ...]:
    """Read groups and the roles that they give.

    Examples
    --------
    >>> _roles("fraud-leads=supervisor fraud-desk=analyst")
    (('fraud-leads', 'supervisor'), ('fraud-desk', 'analyst'))
    """
    found = []
    for part in text.split():
        group, sign, role = part.rpartition("=")
        if not (group and sign) or role not in ROLES:
            message = f"oidc_roles must read group=role, a role being one of {', '.join(sorted(ROLES))}; not {part!r}"
            raise SettingInvalid(message, setting="oidc_roles")
        found.append((group, role))
    return tuple(found)
