"""What the log keeps of a policy, and under which reference: enough to judge an old event as it was judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from satark.policies import ListBook, Policy


class PolicyInput(msgspec.Struct):
    """What the log keeps of a policy.

    Attributes
    ----------
    lists
        The values of each list with the time from which each no longer counts; None for one that was unavailable.
    """

    name: str
    version: int
    hash: str
    text: str
    lists: dict[str, list[tuple[Any, int]] | None]


def policy_ref(content_hash: str) -> str:
    """Return the reference under which the log keeps a policy.

    Examples
    --------
    >>> policy_ref("9c1f")
    'policy:9c1f'
    """
    return f"policy:{content_hash}"


def lists_of(policy: Policy, book: ListBook) -> dict[str, list[tuple[Any, int]] | None]:
    """Return the values of a policy's lists as the log keeps them."""
    found: dict[str, list[tuple[Any, int]] | None] = {}
    for name in policy.lists:
        values = book.expiries(name)
        found[name] = None if values is None else sorted(values.items(), key=str)
    return found
