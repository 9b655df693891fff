from __future__ import annotations

import ipaddress
import socket

import pytest

from satark.connectors import AddressGuard, AddressRefused, parse_networks
from satark.core.errors import SettingInvalid


def resolving(*addresses):
    asked = []

    def resolve(host, port, **_):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    resolve.asked = asked
    return resolve


@pytest.mark.parametrize(
    "inside",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:1::1",
        "::127.0.0.1",
        "fec0::1",
    ],
)
def test_address_is_refused_when_it_is_not_public(inside):
    with pytest.raises(AddressRefused) as refused:
        AddressGuard(resolve=resolving(inside)).addresses("hooks.example", 443, plain=False)
    assert refused.value.reason == "address_not_allowed"


def test_host_is_refused_when_one_of_its_addresses_is_inside():
    guard = AddressGuard(resolve=resolving("93.184.215.14", "10.0.0.1"))
    with pytest.raises(AddressRefused, match="address_not_allowed"):
        guard.addresses("hooks.example", 443, plain=False)


def test_name_is_looked_up_once_when_it_is_checked():
    resolve = resolving("93.184.215.14")
    assert AddressGuard(resolve=resolve).addresses("hooks.example", 443, plain=False) == ["93.184.215.14"]
    assert resolve.asked == ["hooks.example"]


def test_address_inside_is_allowed_when_its_network_is_named():
    guard = AddressGuard(parse_networks("10.20.0.0/16"), resolving("10.20.3.4", "::ffff:10.20.3.4"))
    assert guard.addresses("hooks.bank.internal", 80, plain=True) == ["10.20.3.4", "::ffff:10.20.3.4"]


def test_plain_connection_is_refused_when_the_address_is_public():
    with pytest.raises(AddressRefused, match="plain_not_allowed"):
        AddressGuard(resolve=resolving("93.184.215.14")).addresses("hooks.example", 80, plain=True)


@pytest.mark.parametrize("trouble", [socket.gaierror(-2, "unknown"), UnicodeError("label too long")])
def test_host_is_refused_when_its_name_is_unknown(trouble):
    def resolve(*_, **__):
        raise trouble

    with pytest.raises(AddressRefused, match="name_unknown"):
        AddressGuard(resolve=resolve).addresses("nowhere.example", 443, plain=False)


def test_networks_are_read_when_they_are_written_in_several_ways():
    assert parse_networks(" 10.0.0.0/8,fd00::/8  127.0.0.1 ") == (
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_network("fd00::/8"),
        ipaddress.ip_network("127.0.0.1/32"),
    )
    with pytest.raises(SettingInvalid, match="such as"):
        parse_networks("10.0.0.1/8")
