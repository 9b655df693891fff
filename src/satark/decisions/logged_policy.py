"""What the log keeps of a policy, and under which reference: enough to judge an old event as it was judged."""

from __future__ import annotations

from typing import Any

import msgspec


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
