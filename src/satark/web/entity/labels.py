"""What pages show of a card, device, person or place: enough to tell two apart, not enough to know one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.cases.model import EntityKind
from satark.web.i18n import mark as _
from satark.web.masks import DOTS, mask_email, mask_id, mask_ip, mask_phone, mask_pin, mask_vpa

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.cases.model import EntityRef

KIND_NAMES = {
    EntityKind.CARD.value: _("Card"),
    EntityKind.ACCOUNT.value: _("Bank account"),
    EntityKind.CUSTOMER.value: _("Customer"),
    EntityKind.DEVICE.value: _("Device"),
    EntityKind.IP.value: _("IP address"),
    EntityKind.MERCHANT.value: _("Merchant"),
    EntityKind.VPA.value: _("UPI address"),
    EntityKind.PHONE.value: _("Phone"),
    EntityKind.EMAIL.value: _("E-mail"),
    EntityKind.ADDRESS.value: _("Postal address"),
    EntityKind.PIN.value: _("PIN code"),
}
"""All kinds, in the order in which pages list them."""

_LONG_ID = 12
_LONG_ACCOUNT = 8


def mask_token(text: str) -> str:
    """Keep the beginning and the last six characters of a card's token, which is random and means nothing by itself.

    Examples
    --------
    >>> mask_token("tok_5f3a9c01ab77"), mask_token("tok_1")
    ('tok_…01ab77', '…')
    """
    return f"{text[:4]}{DOTS}{text[-6:]}" if len(text) > _LONG_ID else mask_id(text)


def mask_account(text: str) -> str:
    """Keep the last four characters of an account number, as statements print it.

    Examples
    --------
    >>> mask_account("50100012345678"), mask_account("1234")
    ('…5678', '…')
    """
    return f"{DOTS}{text[-4:]}" if len(text) > _LONG_ACCOUNT else mask_phone(text)


def mask_address(text: str) -> str:
    """Keep the region of the PIN behind an address' key.

    Examples
    --------
    >>> mask_address("flat 4 b m g road|560001"), mask_address("somewhere|")
    ('…, 560…', '…')
    """
    pin = text.rpartition("|")[2]
    return f"{DOTS}, {mask_pin(pin)}" if pin else DOTS


def _as_it_is(text: str) -> str:
    return text


_MASKS: dict[EntityKind, Callable[[str], str]] = {
    EntityKind.CARD: mask_token,
    EntityKind.ACCOUNT: mask_account,
    EntityKind.CUSTOMER: mask_id,
    EntityKind.DEVICE: mask_id,
    EntityKind.IP: mask_ip,
    EntityKind.MERCHANT: _as_it_is,
    EntityKind.VPA: mask_vpa,
    EntityKind.PHONE: mask_phone,
    EntityKind.EMAIL: mask_email,
    EntityKind.ADDRESS: mask_address,
    EntityKind.PIN: _as_it_is,
}
NOT_PERSONAL = frozenset({EntityKind.MERCHANT, EntityKind.PIN})
"""A shop is no person, and a PIN code by itself is a whole quarter of a town."""


def label_of(ref: EntityRef) -> str:
    """Return the masked value of a thing.

    Examples
    --------
    >>> from satark.cases.model import EntityRef
    >>> label_of(EntityRef(EntityKind.PHONE, "+919876543210"))
    '…10'
    """
    return _MASKS[ref.kind](ref.value)
