"""Judge a logged payment again, as it was or with one value changed, without windows and without touching anything.

`decide_again` proves that an answer follows from what was stored. This module lets people ask further: what would
the rules have said had one of their inputs been another? The facts come from the stored event, the features from the
stored vector, the lists from the log as they were at that place; only what is asked about differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from satark.core.errors import NotFound
from satark.decisions.stored import decode_stored_features
from satark.events import Context, compile_reader, decode_stored
from satark.events.kinds import Payment
from satark.policies import ACTIONS, compile_rules
from satark.policies.model import GRAVITY, MISSING_LIST_ACTION
from satark.policies.model_rules import MISSING_MODEL_ACTION, MODEL_SCORE
from satark.policies.names import DECIDED, names_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from satark.decisions.ports import LogEntry
    from satark.language import NameInfo
    from satark.policies import BoundLists, ListBook, Policy, Verdict


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the rules were given for one event.

    Attributes
    ----------
    values
        One per name of `Judge.order`; None is null.
    lists
        The lists at the time of the event.
    """

    values: tuple[Any, ...]
    lists: BoundLists


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """What the log keeps of a decided payment.

    Attributes
    ----------
    features
        One value per feature of its policy, in the policy's order.
    base_amount
        The amount in the base currency when the payment was in another one, else None.
    model_score
        What the policy's model said, None without one.
    """

    event: Payment
    occurred_us: int
    features: tuple[Any, ...]
    base_amount: int | None
    model_score: float | None = None


class Answer(NamedTuple):
    """What the rules come to: the action, the score, and the rules that count."""

    action: str
    score: float
    codes: tuple[str, ...]


class Judge:
    """The rules of one policy, ready to be asked about logged payments.

    Parameters
    ----------
    policy
        Checked.
    killed
        The codes of the rules that were switched off.

    Attributes
    ----------
    order
        The facts and features that the rules read.
    names
        Their types and choices.
    """

    def __init__(self, policy: Policy, killed: Collection[str] = ()) -> None:
        self.policy = policy
        self.rules = compile_rules(policy, killed)
        self.order = self.rules.order
        self.places = {name: place for place, name in enumerate(self.order)}
        known = names_of(policy)
        self.names: dict[str, NameInfo] = {name: known[name] for name in self.order}
        self.features = {feature.name: place for place, feature in enumerate(policy.features)}
        facts = [name for name in self.order if name not in self.features and name != MODEL_SCORE]
        self._weights = {rule.code: (GRAVITY[rule.action], rule.score) for rule in policy.rules}
        self._thresholds = [(GRAVITY[action], least) for action, least in policy.thresholds.items()]
        self._closed = {name for name, one in policy.lists.items() if one.if_missing == "closed"}
        self._wanted = [self.features[name] for name in self.order if name in self.features]
        self._read = compile_reader(facts, DECIDED, policy.signals, policy.attributes)

    def inputs(self, stored: StoredDecision, book: ListBook) -> Inputs:
        """Return what the rules were given for a logged payment.

        Parameters
        ----------
        stored
            The payment under this policy.
        book
            The lists at its place in the log.

        Raises
        ------
        NotFound
            The stored features are not those of this policy.
        """
        if len(stored.features) != len(self.features):
            message = "the stored features are not those of the policy"
            raise NotFound(message, policy=self.policy.content_hash)
        facts = self._read(stored.event, None, StoredAmount(stored.base_amount, self.policy.base_currency))
        scores = () if self.policy.model is None else (stored.model_score,)
        values = (*facts, *(stored.features[place] for place in self._wanted), *scores)
        return Inputs(values, book.at(stored.occurred_us))

    def verdict(self, inputs: Inputs) -> Verdict:
        """Return what the rules say."""
        return self.rules.evaluate(inputs.values, inputs.lists)

    def changed(self, inputs: Inputs, name: str, value: Any) -> Inputs:  # noqa: ANN401 - of any type of the language
        """Return the inputs with one value changed; everything else stays, even what would follow from it."""
        place = self.places[name]
        return Inputs((*inputs.values[:place], value, *inputs.values[place + 1 :]), inputs.lists)

    def value(self, inputs: Inputs, name: str) -> Any:  # noqa: ANN401 - as above
        """Return one of the values."""
        return inputs.values[self.places[name]]

    def answer(self, inputs: Inputs) -> Answer:
        """Return what the rules say without writing their reasons, which is most of the work."""
        try:
            codes = self.rules.codes(inputs.values, inputs.lists)
        except Exception:  # noqa: BLE001 - whatever one rule raises, the others still count
            verdict = self.verdict(inputs)
            return Answer(verdict.action, verdict.score, tuple(one.code for one in verdict.fired))
        return self.answer_of(codes, inputs)

    def answer_of(self, codes: Iterable[str], inputs: Inputs) -> Answer:
        """Return what it comes to when exactly these rules count, for instance all that fired but one."""
        codes = tuple(codes)
        weights = [self._weights[code] for code in codes]
        score = max((weight[1] for weight in weights), default=0.0)
        gravity = max((weight[0] for weight in weights), default=0)
        if weights:
            gravity = max([gravity, *(place for place, least in self._thresholds if score >= least)])
        if any(name in self._closed for name in inputs.lists.unavailable):
            gravity = max(gravity, GRAVITY[MISSING_LIST_ACTION])
        model = self.policy.model
        if model is not None:
            said = inputs.values[-1]
            if said is not None:
                score = max(score, said)
            elif model.if_missing == "closed":
                gravity = max(gravity, GRAVITY[MISSING_MODEL_ACTION])
        return Answer(ACTIONS[gravity], score, codes)


def stored_decision(entry: LogEntry) -> StoredDecision:
    """Read what the log keeps of a decided payment.

    Raises
    ------
    NotFound
        The entry has no decision, or retention has removed its body or features.
    """
    event = decode_stored(entry.body) if entry.body else None
    if entry.kind != DECIDED or entry.features is None or not isinstance(event, Payment):
        message = "this entry of the log has no decision, or it has been removed by retention"
        raise NotFound(message, seq=entry.seq)
    stored = decode_stored_features(entry.features)
    return StoredDecision(
        event, entry.occurred_us, tuple(stored.features), stored.base_amount, stored.extras.model
    )


class StoredAmount(Context):
    """Gives the amount in the base currency that was used when the decision was made."""

    def __init__(self, amount: int | None, base_currency: str) -> None:
        super().__init__(None, base_currency)
        self._amount = amount

    def in_base(self, amount_minor: int, currency: str, on_us: int) -> int | None:  # noqa: ARG002 - as the base
        """Return the stored amount, whatever the rates say by now."""
        return amount_minor if currency == self.base_currency else self._amount
