"""How kinds, actions and hints of entities are written in the tables: numbers that never change."""

from __future__ import annotations

from satark.cases.model import EntityKind, EntityRef
from satark.storage.desk.tables.entities import ACTIONS

KINDS: dict[EntityKind, int] = {
    EntityKind.CARD: 1,
    EntityKind.ACCOUNT: 2,
    EntityKind.CUSTOMER: 3,
    EntityKind.DEVICE: 4,
    EntityKind.IP: 5,
    EntityKind.MERCHANT: 6,
    EntityKind.VPA: 7,
    EntityKind.PHONE: 8,
    EntityKind.EMAIL: 9,
    EntityKind.ADDRESS: 10,
    EntityKind.PIN: 11,
}
"""Only ever added to: the numbers are stored."""

KIND_OF = {number: kind for kind, number in KINDS.items()}
CODES = {action: code for code, action in enumerate(ACTIONS)}
OTHER = len(ACTIONS)
"""The code of an event that was not decided."""

FIGURES = tuple([f"n_{action}" for action in (*ACTIONS, "other")] + [f"sum_{action}" for action in ACTIONS])
"""The columns that count, in the order of the tables."""
N_FIGURES = len(FIGURES)
FIRST_SUM = FIGURES.index(f"sum_{ACTIONS[0]}")
MOST_MINOR = 4 * 10**18
"""Sums stop here, so that invented amounts cannot run over the database's whole numbers."""
HINT_DIGITS = 4


def code_of(action: str | None) -> int:
    """Return the number of an action.

    Examples
    --------
    >>> code_of("block"), code_of(None), code_of("unheard of") == OTHER
    (3, 4, True)
    """
    return OTHER if action is None else CODES.get(action, OTHER)


def is_storable(text: str) -> bool:
    r"""Tell whether a text can stand in a database at all; what cannot was never stored.

    Examples
    --------
    >>> is_storable("आशा"), is_storable("a\x00"), is_storable("\ud800")
    (True, False, False)
    """
    return "\x00" not in text and text.isascii() | (text.encode(errors="replace").decode() == text)


def hint_of(ref: EntityRef, last4: str | None) -> str | None:
    """Return the last four digits by which people ask for a card or a phone.

    Examples
    --------
    >>> hint_of(EntityRef(EntityKind.PHONE, "+919876543210"), "1111")
    '3210'
    >>> hint_of(EntityRef(EntityKind.CARD, "tok_k1_ab"), "1111"), hint_of(EntityRef(EntityKind.IP, "::1"), "1111")
    ('1111', None)
    """
    if ref.kind is EntityKind.CARD:
        return last4
    return ref.value[-HINT_DIGITS:] if ref.kind is EntityKind.PHONE else None
