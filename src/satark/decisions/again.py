"""Decide a logged event again, to show that the answer follows from what was stored.

Either from the decision's own feature vector and the policy in force then (both are in the log), or with the features
computed again from the whole log before it. Equal answers are what an auditor wants to see; a difference is a finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from satark.core.errors import NotFound
from satark.decisions.decide import DECIDED, Decider
from satark.decisions.list_edits import apply_logged_edits
from satark.decisions.logged_policy import PolicyInput, policy_ref
from satark.decisions.model import Decision
from satark.decisions.ports import FLAG_LATE
from satark.decisions.recovery import EVENT_KINDS, Memory, take_in
from satark.events import Context, decode_stored
from satark.events.kinds import Payment
from satark.policies import ListBook, load_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.core.rates import RateTable
    from satark.decisions.ports import EventLog, LogEntry
    from satark.events.tokens import CardTokens
    from satark.policies import Policy

__all__ = [
    "Again",
    "PolicyInput",
    "decide_again",
    "policy_input",
    "policy_of",
    "policy_ref",
    "rebuild_decision",
]

SYSTEM_OWNER = 0


@dataclass(frozen=True, slots=True)
class Again:
    """The stored decision beside the one made again.

    Attributes
    ----------
    stored
        As it was answered.
    action, score, reasons
        As they come out now; `reasons` are the codes.
    features
        Feature names to (stored, again) where they differ; only after a rebuild.
    """

    stored: Decision
    action: str
    score: float
    reasons: tuple[str, ...]
    features: dict[str, tuple[Any, Any]]

    @property
    def same(self) -> bool:
        """Whether the answer and, after a rebuild, every feature came out the same."""
        return not self.differences

    @property
    def differences(self) -> list[str]:
        """What differs, in words for a terminal."""
        stored_action = self.stored.would or self.stored.action
        found = []
        if stored_action != self.action:
            found.append(f"action: stored {stored_action}, again {self.action}")
        if self.stored.score != self.score:
            found.append(f"score: stored {self.stored.score}, again {self.score}")
        codes = tuple(reason.code for reason in self.stored.reasons)
        if codes != self.reasons:
            found.append(f"reasons: stored {list(codes)}, again {list(self.reasons)}")
        found += [f"feature {name}: stored {old}, again {new}" for name, (old, new) in self.features.items()]
        return found


class _StoredAmount(Context):
    """Gives the amount in the base currency that was used when the decision was made."""

    def __init__(self, amount: int | None, base_currency: str) -> None:
        super().__init__(None, base_currency)
        self._amount = amount

    def in_base(self, amount_minor: int, currency: str, on_us: int) -> int | None:  # noqa: ARG002 - as the base
        return amount_minor if currency == self.base_currency else self._amount


def decide_again(log: EventLog, entry: LogEntry) -> Again:
    """Decide a logged payment from its stored features and the policy of its time.

    Parameters
    ----------
    log
        Where the policy is found.
    entry
        The payment's line.

    Raises
    ------
    NotFound
        The entry has no decision or body (any more), or its policy is not in the log.
    """
    stored, body, encoded = _stored(entry)
    policy, book = policy_of(log, stored.policy.hash, entry.seq)
    decider = Decider(
        policy, windows_options={"memory_bytes": 1 << 20, "max_keys": 1 << 8, "max_entries": 1 << 11}
    )
    decider.lists = book
    _, features, amount = msgspec.msgpack.decode(encoded)
    verdict = decider.judge(body, features, entry.occurred_us, _StoredAmount(amount, policy.base_currency))
    return Again(stored, verdict.action, verdict.score, tuple(fired.code for fired in verdict.fired), {})


def rebuild_decision(
    log: EventLog,
    entry: LogEntry,
    *,
    tokens: CardTokens | None = None,
    rates: RateTable | None = None,
    lateness_us: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Again:
    """Decide a logged payment with its features computed again from the log before it.

    Parameters
    ----------
    log, entry
        As `decide_again`.
    tokens
        To read cards under today's name.
    rates
        For windows over amounts in other currencies.
    lateness_us
        The setting in force then.
    progress
        Called with (done, total) log entries.

    Raises
    ------
    NotFound
        As `decide_again`.
    """
    stored, body, encoded = _stored(entry)
    policy, book = policy_of(log, stored.policy.hash, entry.seq)
    options = {} if lateness_us is None else {"lateness_us": lateness_us}
    decider = Decider(policy, rates=rates, windows_options=options)
    decider.lists = book
    memory = Memory(log, tokens)
    for earlier in log.read(0):
        if earlier.seq >= entry.seq:
            break
        if earlier.kind in EVENT_KINDS and earlier.body:
            event = memory.current(decode_stored(earlier.body))
            replaced = (
                memory.earlier_label(earlier.owner, earlier.ref, earlier.seq)
                if earlier.kind == "label"
                else None
            )
            take_in(decider, memory, earlier, event, replaced)
        if progress is not None and earlier.seq % 10_000 == 0:
            progress(earlier.seq, entry.seq)
    current = memory.current(body)
    if not isinstance(current, Payment):
        raise _no_decision(entry)
    again, _, features_again = decider.decide(
        current,
        seq=entry.seq,
        occurred_us=entry.occurred_us,
        arrived_us=entry.arrived_us,
        late=bool(entry.flags & FLAG_LATE),
        started_ns=0,
        decoded_ns=0,
    )
    _, old, _ = msgspec.msgpack.decode(encoded)
    _, new, _ = msgspec.msgpack.decode(features_again)
    names = [output.name for output in decider.plan.outputs]
    differ = {name: (a, b) for name, a, b in zip(names, old, new, strict=False) if a != b}
    return Again(
        stored,
        again.would or again.action,
        again.score,
        tuple(reason.code for reason in again.reasons),
        differ,
    )


def policy_of(log: EventLog, content_hash: str, before_seq: int) -> tuple[Policy, ListBook]:
    """Return a policy of the log with its lists as they were at a place in the log.

    Raises
    ------
    NotFound
        The log does not have it.
    """
    found = None
    for entry in log.find_by_ref(SYSTEM_OWNER, policy_ref(content_hash)):
        if entry.seq < before_seq:
            found = entry
    if found is None:
        message = "the policy of this decision is not in the log"
        raise NotFound(message, policy=content_hash)
    logged = msgspec.json.decode(found.body, type=PolicyInput)
    policy = load_policy(logged.text, file=f"{logged.name}.yaml")
    book = ListBook.restored(policy, logged.lists)
    apply_logged_edits(log, policy, book, before_seq)
    return policy, book


def policy_input(policy: Policy, text: str) -> bytes:
    """Return what the log keeps of a policy: enough to decide an old event again as it was decided."""
    book = ListBook.of(policy)
    lists = {}
    for name in policy.lists:
        values = book.expiries(name)
        lists[name] = None if values is None else sorted(values.items(), key=str)
    return msgspec.json.encode(PolicyInput(policy.name, policy.version, policy.content_hash, text, lists))


def _stored(entry: LogEntry) -> tuple[Decision, Payment, bytes]:
    if entry.kind != DECIDED or entry.decision is None or entry.features is None or not entry.body:
        raise _no_decision(entry)
    event = decode_stored(entry.body)
    if not isinstance(event, Payment):
        raise _no_decision(entry)
    return msgspec.json.decode(entry.decision, type=Decision), event, entry.features


def _no_decision(entry: LogEntry) -> NotFound:
    return NotFound(
        "this entry of the log has no decision, or it has been removed by retention", seq=entry.seq
    )
