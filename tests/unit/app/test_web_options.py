from __future__ import annotations

import pytest

from satark.app.settings import load_settings
from satark.app.web_options import web_options
from satark.core.errors import SettingInvalid


def options(**settings):
    return web_options(load_settings({}, options=settings))


def test_second_factor_is_required_when_nothing_is_said():
    assert options().second_factor
    assert not options(web_second_factor=False).second_factor


def test_there_is_no_single_sign_on_when_nothing_is_said():
    assert options().single_sign_on is None


def test_provider_is_told_to_the_pages_when_it_is_set():
    found = options(
        oidc_issuer="https://login.bank.example",
        oidc_client_id="satark",
        oidc_client_secret="hush",
        oidc_roles="fraud-leads=supervisor CN=Desk,OU=Fraud=analyst",
    ).single_sign_on
    assert (found.issuer, found.client_id, found.client_secret) == (
        "https://login.bank.example",
        "satark",
        "hush",
    )
    assert found.roles == (("fraud-leads", "supervisor"), ("CN=Desk,OU=Fraud", "analyst"))
    assert "hush" not in repr(found)


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"web_origin": "fraud.bank.example"}, "web_origin"),
        ({"web_origin": "http://fraud.bank.example"}, "web_origin"),
        ({"web_origin": "https://fraud.bank.example/pages"}, "web_origin"),
        ({"web_origin": "https://a:b@fraud.bank.example"}, "web_origin"),
        ({"web_origin": "https://fraud.bank.example:notaport"}, "web_origin"),
        ({"oidc_issuer": "https://login.bank.example"}, "oidc_client_id"),
        ({"oidc_issuer": "https://x", "oidc_client_id": "s", "oidc_roles": "desk"}, "oidc_roles"),
        ({"oidc_issuer": "https://x", "oidc_client_id": "s", "oidc_roles": "desk=king"}, "oidc_roles"),
        ({"oidc_issuer": "https://x", "oidc_client_id": "s", "oidc_roles": "=analyst"}, "oidc_roles"),
    ],
    ids=str,
)
def test_setting_is_named_when_it_cannot_be_used(settings, setting):
    with pytest.raises(SettingInvalid) as refused:
        options(**settings)
    assert refused.value.fields["setting"] == setting
