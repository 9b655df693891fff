"""What a model went by when it scored a payment: computed afterwards, from what the log kept, and put into words.

TreeSHAP costs some fifteen milliseconds, so it is no part of deciding. The features that the model was given lie in the
log beside the decision, the model and the policy under their hashes; so the explanation can be made at any time, and
comes out the same. It counts only if the model, asked again, gives the very score that was stored.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from satark.core.errors import InvalidEvent, ModelInvalid, NotFound, PolicyInvalid
from satark.decisions.binding import bind_for
from satark.decisions.judge import StoredAmount, stored_decision
from satark.decisions.logged_policy import PolicyInput, policy_ref
from satark.decisions.model import Decision
from satark.events import compile_reader
from satark.models import load_model
from satark.models.explain import contributions
from satark.models.words import top_contributions
from satark.policies import load_policy
from satark.policies.names import DECIDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from satark.decisions.judge import StoredDecision
    from satark.decisions.ports import LogEntry
    from satark.models import BoundModel
    from satark.policies import Policy

MOST_INPUTS = 8
MAX_TEXT = 300
"""Of a value or a sentence, in characters."""
KEPT = 4
"""Models that are kept ready."""
SYSTEM_OWNER = 0
_DECISION = msgspec.json.Decoder(Decision)


class Failure(StrEnum):
    """Why there is no explanation, and never will be."""

    GONE = "gone"
    """The body, the features, the policy or the model is not kept (any more)."""
    UNUSABLE = "unusable"
    """The model cannot be read here: another version, or its library is not installed."""
    DIFFERENT = "different"
    """Asked again, the model gives another score than the one that was stored: a finding for an auditor."""
    FAILED = "failed"
    """Something that should not happen; the worker's log says what."""


class ExplainedInput(msgspec.Struct, frozen=True):
    """One input and what it did.

    Attributes
    ----------
    name
        Of the input.
    push
        What it added to the score in log-odds: above 0 towards fraud, below 0 away from it.
    en, hi
        The sentence, for instance "6 payments on this card in 10 minutes, usually 1".
    """

    name: str
    push: float
    en: str
    hi: str


class Explained(msgspec.Struct, frozen=True):
    """What a model went by.

    Attributes
    ----------
    name
        Of the model.
    score
        The probability that it gave.
    start
        Where every payment starts from, in log-odds.
    inputs
        What mattered most, the greatest push first.
    rest
        What all other inputs added together.
    others
        How many those are.
    exact
        The pushes are exact (TreeSHAP, linear); otherwise each input was replaced by its typical value in turn.
    """

    name: str
    score: float
    start: float
    inputs: tuple[ExplainedInput, ...]
    rest: float
    others: int
    exact: bool


def to_explain(entry: LogEntry) -> Decision | None:
    """Return the decision of an entry when it is one to be explained: not an allow, and with a model's score."""
    if entry.kind != DECIDED or entry.decision is None:
        return None
    # Most entries are allowed; their JSON is not worth reading.
    if b'"action":"allow"' in entry.decision and b'"would":"' not in entry.decision:
        return None
    try:
        decision = _DECISION.decode(entry.decision)
    except msgspec.MsgspecError:
        return None
    acted = (decision.would or decision.action) != "allow"
    return decision if acted and decision.model is not None and decision.model.score is not None else None


class Explainer:
    """Explains decisions of one log; for one thread.

    Parameters
    ----------
    log
        Where policies are found.
    find_model
        Gives the bytes of a model by its hash; raises `NotFound`.
    """

    def __init__(self, log: Any, find_model: Callable[[str], bytes]) -> None:  # noqa: ANN401 - of any log
        self._log = log
        self._find_model = find_model
        self._ready: OrderedDict[tuple[str, str], _Ready | Failure] = OrderedDict()

    def explain(self, entry: LogEntry, decision: Decision) -> Explained | Failure:
        """Explain one decision.

        Parameters
        ----------
        entry
            Its line in the log.
        decision
            From `to_explain`.

        Raises
        ------
        StorageUnavailable
            The log does not answer; another time it may.
        """
        assert decision.model is not None  # noqa: S101 - `to_explain` has looked
        try:
            stored = stored_decision(entry)
        except (NotFound, InvalidEvent):
            return Failure.GONE
        ready = self._model(decision.policy.hash, decision.model.hash)
        if isinstance(ready, Failure):
            return ready
        row = ready.row(stored)
        if row is None:
            return Failure.GONE
        return explained(ready.bound, row, decision.model.score)

    def _model(self, policy_hash: str, model_hash: str) -> _Ready | Failure:
        key = (policy_hash, model_hash)
        found = self._ready.get(key)
        if found is None:
            found = self._read(policy_hash, model_hash)
            self._ready[key] = found
            while len(self._ready) > KEPT:
                self._ready.popitem(last=False)
        self._ready.move_to_end(key)
        return found

    def _read(self, policy_hash: str, model_hash: str) -> _Ready | Failure:
        logged = None
        for entry in self._log.find_by_ref(SYSTEM_OWNER, policy_ref(policy_hash)):
            logged = entry if entry.body else logged
        if logged is None:
            return Failure.GONE
        try:
            source = msgspec.json.decode(logged.body, type=PolicyInput)
            policy = load_policy(source.text, file=f"{source.name}.yaml")
            model = load_model(self._find_model(model_hash), file=model_hash[:12])
            if model.hash != model_hash:
                return Failure.UNUSABLE
            return _Ready(policy, bind_for(policy, model))
        except NotFound:
            return Failure.GONE
        except (ModelInvalid, PolicyInvalid, msgspec.MsgspecError):
            return Failure.UNUSABLE


class _Ready:
    """A model bound to its policy, and the way from a stored decision to its inputs."""

    def __init__(self, policy: Policy, bound: BoundModel) -> None:
        self.bound = bound
        self._policy = policy
        self._count = len(policy.features)
        places = {feature.name: place for place, feature in enumerate(policy.features)}
        facts = sorted(name for name in bound.needed if name not in places)
        features = sorted(name for name in bound.needed if name in places)
        self._places = [places[name] for name in features]
        self._read = compile_reader(facts, DECIDED, policy.signals, policy.attributes)
        self._row = bound.row([*facts, *features])

    def row(self, stored: StoredDecision) -> NDArray[np.float64] | None:
        """Return the inputs that the model was given; None when the stored features are not the policy's."""
        if len(stored.features) != self._count:
            return None
        amount = StoredAmount(stored.base_amount, self._policy.base_currency)
        facts = self._read(stored.event, None, amount)
        values = [*facts, *(stored.features[place] for place in self._places)]
        return self._row(values, _NO_LISTS)


class _NoLists:
    """Models ask no lists."""

    def listed(self, list_name: str, value: Any, /) -> bool | None:  # noqa: ANN401, ARG002 - the protocol's arguments
        """Return that it cannot be told."""
        return None


_NO_LISTS = _NoLists()


def explained(
    bound: BoundModel, row: NDArray[np.float64], score: float | None, most: int = MOST_INPUTS
) -> Explained | Failure:
    """Put what a model went by into words.

    Parameters
    ----------
    bound
        The model.
    row
        Its inputs, shape (inputs,).
    score
        What it said then.
    most
        How many inputs are named; what the others did is added up.
    """
    rows = row.reshape(1, -1)
    again = float(bound.score_rows(rows)[0])
    if again != score:
        return Failure.DIFFERENT
    told = bound.model.scorer.contributions(rows)
    pushes = (contributions(bound, rows) if told is None else told)[0]
    if not np.isfinite(pushes).all():
        return Failure.UNUSABLE
    top = top_contributions(bound, row.tolist(), pushes.tolist(), most)
    named = {one.name for one in top}
    others = [place for place, one in enumerate(bound.model.head.inputs) if one.name not in named]
    inputs = tuple(ExplainedInput(one.name, one.push, one.en[:MAX_TEXT], one.hi[:MAX_TEXT]) for one in top)
    return Explained(
        bound.model.name,
        again,
        float(pushes[-1]),
        inputs,
        float(pushes[others].sum()) if others else 0.0,
        sum(1 for place in others if pushes[place]),
        exact=told is not None,
    )
