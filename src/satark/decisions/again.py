"""Decide a logged event again, to show that the answer follows from what was stored.

Either from the decision's own feature vector and the policy in force then (both are in the log), or with the features
computed again from the whole log before it. Equal answers are what an auditor wants to see; a difference is a finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from satark.core.errors import NotFound
from satark.decisions.binding import bound_model
from satark.decisions.decide import Decider
from satark.decisions.judge import Judge, StoredAmount, StoredDecision
from satark.decisions.list_edits import apply_logged_edits
from satark.decisions.logged_policy import PolicyInput, lists_of, policy_ref
from satark.decisions.logged_roster import killed_at, logged_model, roster_at
from satark.decisions.model import Decision
from satark.decisions.ports import FLAG_LATE
from satark.decisions.recovery import EVENT_KINDS, Memory, take_in
from satark.decisions.roster import CANARY, LIVE
from satark.decisions.seat import DECIDED
from satark.decisions.stored import decode_stored_features
from satark.decisions.views import Lineup, View
from satark.events import compile_reader, decode_stored
from satark.events.kinds import Payment
from satark.policies import ListBook, load_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from satark.core.rates import RateTable
    from satark.decisions.ports import EventLog, LogEntry
    from satark.decisions.stored import Extras, Stored
    from satark.events.tokens import CardTokens
    from satark.models import BoundModel
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
    more
        What else differs, in words: the model's score, and what was decided by lot.
    """

    stored: Decision
    action: str
    score: float
    reasons: tuple[str, ...]
    features: dict[str, tuple[Any, Any]]
    more: tuple[str, ...] = ()

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
        return [*found, *self.more]


def decide_again(log: EventLog, entry: LogEntry) -> Again:
    """Decide a logged payment from its stored features, and the policy, model and switches of its time.

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
    stored, body, kept = _stored(entry)
    policy, book = policy_of(log, stored.policy.hash, entry.seq)
    judge = Judge(policy, killed_at(log, policy.content_hash, entry.seq))
    model = _model_of(log, stored, policy)
    score = None
    if model is not None:
        score = score_again(
            model,
            policy,
            StoredDecision(body, entry.occurred_us, tuple(kept.features), kept.base_amount),
            book,
        )
    told = StoredDecision(body, entry.occurred_us, tuple(kept.features), kept.base_amount, score)
    verdict = judge.verdict(judge.inputs(told, book))
    codes = tuple(fired.code for fired in verdict.fired)
    more = (*_by_lot(log, entry, stored, policy, kept.extras), *_scored(kept.extras.model, score))
    return Again(stored, verdict.action, verdict.score, codes, {}, more)


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
    stored, body, kept = _stored(entry)
    policy, book = policy_of(log, stored.policy.hash, entry.seq)
    options = {} if lateness_us is None else {"lateness_us": lateness_us}
    killed = killed_at(log, policy.content_hash, entry.seq)
    view = View(policy, _model_of(log, stored, policy), {}, killed, book)
    decider = Decider(Lineup(view), rates=rates, windows_options=options)
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
    made = decode_stored_features(features_again)
    names = [output.name for output in decider.plan.outputs]
    differ = {name: (a, b) for name, a, b in zip(names, kept.features, made.features, strict=False) if a != b}
    return Again(
        stored,
        again.would or again.action,
        again.score,
        tuple(reason.code for reason in again.reasons),
        differ,
        (*_by_lot(log, entry, stored, policy, kept.extras), *_scored(kept.extras.model, made.extras.model)),
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
    lists = lists_of(policy, ListBook.of(policy))
    return msgspec.json.encode(PolicyInput(policy.name, policy.version, policy.content_hash, text, lists))


def score_again(model: BoundModel, policy: Policy, stored: StoredDecision, book: ListBook) -> float | None:
    """Return what a model says about a logged payment, from its stored features; None when it fails."""
    places = {feature.name: place for place, feature in enumerate(policy.features)}
    facts = sorted(name for name in model.needed if name not in places)
    features = sorted(name for name in model.needed if name in places)
    read = compile_reader(facts, DECIDED, policy.signals, policy.attributes)
    values = read(stored.event, None, StoredAmount(stored.base_amount, policy.base_currency))
    known = [*values, *(stored.features[places[name]] for name in features)]
    try:
        return model.compile([*facts, *features])(known, book.at(stored.occurred_us))
    except Exception:  # noqa: BLE001 - as in the engine, where the rules count all the same
        return None


def _model_of(log: EventLog, stored: Decision, policy: Policy) -> BoundModel | None:
    """Return the model that scored a decision; None where there was none to be had then."""
    if policy.model is None or (stored.model is not None and stored.model.score is None):
        return None
    return bound_model(policy, policy.model, lambda ref: [logged_model(log, ref.hash)])


def _scored(stored: float | None, again: float | None) -> Iterator[str]:
    if stored != again:
        yield f"score of the model: stored {stored}, again {again}"


def _by_lot(
    log: EventLog, entry: LogEntry, stored: Decision, policy: Policy, extras: Extras
) -> Iterator[str]:
    """Compare what was decided by lot with the stored draws."""
    roster = roster_at(log, entry.seq)
    if extras.draw is not None and roster is not None and roster.canary is not None:
        canary = extras.draw < roster.canary.percent / 100
        part, answered = (CANARY, roster.canary.hash) if canary else (LIVE, roster.live)
        if (stored.part, stored.policy.hash) != (part, answered):
            yield f"part: stored {stored.part}, by its draw {part}"
    control = policy.control
    released = extras.lot is not None and control is not None and extras.lot < control.share
    if stored.released != released:
        yield f"released: stored {stored.released}, by its draw {released}"


def _stored(entry: LogEntry) -> tuple[Decision, Payment, Stored]:
    if entry.kind != DECIDED or entry.decision is None or entry.features is None or not entry.body:
        raise _no_decision(entry)
    event = decode_stored(entry.body)
    if not isinstance(event, Payment):
        raise _no_decision(entry)
    decision = msgspec.json.decode(entry.decision, type=Decision)
    return decision, event, decode_stored_features(entry.features)


def _no_decision(entry: LogEntry) -> NotFound:
    return NotFound(
        "this entry of the log has no decision, or it has been removed by retention", seq=entry.seq
    )
