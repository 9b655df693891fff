"""Where a webhook may go: to the public internet, and to the networks that the operator has named.

Whoever can enter an address could otherwise make Satark talk to what only Satark can reach: the cloud's metadata
service, a database's port, another service of the bank. So the name is looked up once, every address that it has must
be allowed, and the connection is made to the address that was checked, not to the name, which could lead elsewhere a
moment later. An IPv6 address that carries an IPv4 one inside is judged by both.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any

from satark.core.errors import SettingInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network
    Resolve = Callable[..., Sequence[tuple[Any, ...]]]

_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.ip_network("::/96")


class AddressRefused(Exception):
    """A host that may not be talked to.

    Attributes
    ----------
    reason
        ``name_unknown``, ``address_not_allowed`` or ``plain_not_allowed``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AddressGuard:
    """Looks names up and refuses what is not allowed.

    Parameters
    ----------
    networks
        Networks inside the house that webhooks may go to, also without TLS.
    resolve
        `socket.getaddrinfo`, or what stands for it in a test.
    """

    def __init__(self, networks: Iterable[Network] = (), resolve: Resolve = socket.getaddrinfo) -> None:
        self._networks = tuple(networks)
        self._resolve = resolve

    def addresses(self, host: str, port: int, *, plain: bool) -> list[str]:
        """Return the addresses of a host, all of them checked.

        Parameters
        ----------
        plain
            The connection will have no TLS, which is for named networks alone.

        Raises
        ------
        AddressRefused
            One of them is not allowed, or there is none.
        """
        try:
            found = self._resolve(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        except (OSError, UnicodeError) as error:
            raise AddressRefused("name_unknown") from error
        texts = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        if not texts:
            raise AddressRefused("name_unknown")
        for text in texts:
            address = ipaddress.ip_address(text.partition("%")[0])
            inside = self._is_inside(address)
            if not (inside or is_public(address)):
                raise AddressRefused("address_not_allowed")
            if plain and not inside:
                raise AddressRefused("plain_not_allowed")
        return texts

    def _is_inside(self, address: Address) -> bool:
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        plain = mapped or address
        return any(plain.version == network.version and plain in network for network in self._networks)


def is_public(address: Address) -> bool:
    """Tell whether an address is on the public internet, also what lies inside an IPv6 address.

    Examples
    --------
    >>> [is_public(ipaddress.ip_address(text)) for text in ("8.8.8.8", "2606:4700::1111")]
    [True, True]
    >>> inside = ("10.0.0.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "fd00::1", "fe80::1", "0.0.0.0")
    >>> any(is_public(ipaddress.ip_address(text)) for text in inside)
    False
    >>> tricks = ("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "::7f00:1", "224.0.0.1", "ff02::1")
    >>> any(is_public(ipaddress.ip_address(text)) for text in tricks)
    False
    """
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network in (*_NAT64, _COMPATIBLE)) or address.teredo is not None:
            # Translated or tunnelled: where it comes out is not ours to know.
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return address.ipv4_mapped is not None and is_public(inner)
        if address.is_site_local:
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and not address.is_link_local
        and not address.is_loopback
    )


def parse_networks(text: str) -> tuple[Network, ...]:
    """Read networks separated by blanks or commas.

    Raises
    ------
    SettingInvalid
        One of them is none.

    Examples
    --------
    >>> parse_networks("10.20.0.0/16, 127.0.0.1")
    (IPv4Network('10.20.0.0/16'), IPv4Network('127.0.0.1/32'))
    """
    try:
        return tuple(ipaddress.ip_network(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        message = f"webhook_networks must be networks such as 10.20.0.0/16: {error}"
        raise SettingInvalid(message, setting="webhook_networks") from error
