"""The text of a policy that somebody hands to the desk: read, bounded, and kept to its own folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.cases.policy_life import Refused, refusal
from satark.policies import load_policy

if TYPE_CHECKING:
    from satark.policies import Policy

MAX_TEXT_BYTES = 1_000_000
FILE_NAME = "draft.yaml"


def checked_text(text: str) -> Policy:
    """Return the policy of a text.

    Raises
    ------
    PolicyInvalid
        It has mistakes; all of them are told.
    InputInvalid
        It is too large, or names a file of a list outside the policy's own folder.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        raise refusal(Refused.TOO_LARGE, f"a policy has at most {MAX_TEXT_BYTES} bytes")
    policy = load_policy(text, file=FILE_NAME)
    for one in policy.lists.values():
        # Whoever writes a policy on a page must not make the engine read the files of its machine.
        if one.file is not None and (one.file.is_absolute() or ".." in one.file.parts):
            raise refusal(
                Refused.FILE_OUTSIDE, f"the file of the list {one.name} lies outside the policy's folder"
            )
    return policy
