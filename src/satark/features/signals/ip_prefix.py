"""The neighbourhood of an IP address: what one subscriber or rented server usually has."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Network

from satark.events.facts import FactType
from satark.events.signals import Signal


def ip_prefix(ip: str | None) -> str | None:
    """Return the /24 of an IPv4 or the /48 of an IPv6 address.

    Examples
    --------
    >>> ip_prefix("203.0.113.77"), ip_prefix("2001:db8:1:2::5")
    ('203.0.113.0/24', '2001:db8:1::/48')
    """
    if ip is None:
        return None
    if ":" not in ip:
        return f"{ip.rpartition('.')[0]}.0/24"
    return _ipv6_prefix(ip)


@lru_cache(maxsize=16_384)
def _ipv6_prefix(ip: str) -> str | None:
    try:
        return str(IPv6Network((ip, 48), strict=False))
    except ValueError:
        return None


SIGNAL = Signal(
    name="ip_prefix",
    type=FactType.STR,
    inputs=("ip",),
    compute=ip_prefix,
    about="the neighbourhood of an IP address: what one subscriber or rented server usually has",
)
