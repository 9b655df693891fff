"""Hiding personal data on pages: enough is left to tell two apart, not enough to know one.

Examples
--------
>>> mask_id("cust-88121"), mask_id("ab"), mask_phone("+919876543210")
('cu…21', '…', '…10')
>>> mask_email("asha.k@example.in"), mask_vpa("ramesh.g@exbank"), mask_ip("203.0.113.7")
('a…@example.in', 'r…@exbank', '203.0.*.*')
"""

from __future__ import annotations

DOTS = "…"
_SHORT = 6


def mask_id(text: str) -> str:
    """Keep two characters at each end of an id that is long enough to hide something."""
    if len(text) < _SHORT:
        return DOTS
    return f"{text[:2]}{DOTS}{text[-2:]}"


def mask_phone(text: str) -> str:
    """Keep the last two digits."""
    return DOTS + text[-2:] if len(text) > _SHORT else DOTS


def mask_email(text: str) -> str:
    """Keep the first character and the domain."""
    name, _, domain = text.rpartition("@")
    return f"{name[:1]}{DOTS}@{domain}" if name else DOTS


def mask_vpa(text: str) -> str:
    """Keep the first character and the handle of a UPI address."""
    return mask_email(text)


def mask_ip(text: str) -> str:
    """Keep the network's half of an address.

    Examples
    --------
    >>> mask_ip("2001:db8:85a3::8a2e:370:7334")
    '2001:db8:*'
    """
    if ":" in text:
        return ":".join([*text.split(":")[:2], "*"])
    return ".".join([*text.split(".")[:2], "*", "*"])


def mask_pin(text: str) -> str:
    """Keep the region of an Indian PIN code: its first three digits."""
    return text[:3] + DOTS
