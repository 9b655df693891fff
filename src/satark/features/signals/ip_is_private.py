"""Whether an IP address is of no public network, so that it says nothing about the customer."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address

from satark.events.facts import FactType
from satark.events.signals import Signal

_SPECIAL_FIRST_OCTETS = {0, 10, 100, 127, 169, 172, 192, 198, 203}
PUBLIC_HEADS = frozenset(str(octet) for octet in range(1, 224) if octet not in _SPECIAL_FIRST_OCTETS)
"""First octets under which no special-purpose network lies (RFC 6890); nearly all addresses begin so."""


def ip_is_private(ip: str | None) -> bool | None:
    """Return whether the address is not reachable from the internet (RFC 6890).

    Examples
    --------
    >>> ip_is_private("10.0.0.1"), ip_is_private("8.8.8.8")
    (True, False)
    """
    if ip is None:
        return None
    return False if ip.partition(".")[0] in PUBLIC_HEADS else _looked_up(ip)


@lru_cache(maxsize=65_536)
def _looked_up(ip: str) -> bool | None:
    try:
        return not ip_address(ip).is_global
    except ValueError:
        return None


SIGNAL = Signal(
    name="ip_is_private",
    type=FactType.BOOL,
    inputs=("ip",),
    compute=ip_is_private,
    about="whether an IP address is of no public network, so that it says nothing about the customer",
)
