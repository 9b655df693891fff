"""What an answer to a notice will mean, fixed when the notice is made from the policy of that moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.cases.following import kinds_of_rules
from satark.cases.model import NewAlert
from satark.cases.notices.model import Freeze, Join, NoticeTerms
from satark.cases.notices.particulars import own_values
from satark.cases.refs import refs_of
from satark.core.clock import MICROS_PER_SECOND, to_us

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.decisions.model import Decision
    from satark.decisions.ports import LogEntry
    from satark.events import Payment
    from satark.policies.case_rules import JoinRule
    from satark.policies.model import Policy
    from satark.policies.notice_rules import AnswerRules, NoticeRules


@dataclass(frozen=True, slots=True)
class NoticePlan:
    """What a policy says about notices and answers.

    Attributes
    ----------
    rule_kinds
        Of each rule's code the kind of fraud that it is against.
    queue, join
        Where a denied payment goes that had no case.
    """

    notices: NoticeRules
    answers: AnswerRules
    rule_kinds: Mapping[str, str]
    base_currency: str
    queue: str
    join: JoinRule

    @classmethod
    def of(cls, policy: Policy) -> NoticePlan:
        """Take it from a policy."""
        return cls(
            notices=policy.notices,
            answers=policy.answers,
            rule_kinds={rule.code: rule.kind for rule in policy.rules},
            base_currency=policy.base_currency,
            queue=policy.answers.fraud.queue or next(iter(policy.cases.terms.queues)),
            join=policy.cases.join,
        )


def terms_of(
    plan: NoticePlan,
    entry: LogEntry,
    decision: Decision,
    event: Payment,
    amount_minor: int | None,
    *,
    has_case: bool,
) -> NoticeTerms:
    """Return what will follow from an answer.

    Parameters
    ----------
    amount_minor
        In the policy's base currency; None where it is not known, and then nothing that has a limit is released.
    has_case
        Whether the decision has a case already; else a denial opens one.
    """
    answers, genuine = plan.answers, plan.answers.genuine
    own = own_values(event)
    rules = tuple(dict.fromkeys(reason.code for reason in decision.reasons))
    kinds = kinds_of_rules(rules, plan.rule_kinds)
    at_most = genuine.at_most_minor
    small = at_most is None or (amount_minor is not None and amount_minor <= at_most)
    alert = join = None
    if not has_case:
        alert = NewAlert(
            seq=entry.seq,
            owner=entry.owner,
            event_id=entry.event_id,
            occurred_us=entry.occurred_us,
            action=decision.action,
            # Whoever owns the money says that it was stolen: no rule can be surer.
            score=1.0,
            amount_minor=amount_minor or 0,
            queue=plan.queue,
            deadline_seconds=answers.fraud.deadline_seconds,
            kinds=kinds,
            rules=rules,
            entities=refs_of(event),
            four_eyes=False,
        )
        join = Join(tuple(sorted(plan.join.kinds)), plan.join.within_seconds, plan.join.at_most)
    return NoticeTerms(
        institution_en=plan.notices.institution.en,
        institution_hi=plan.notices.institution.hi,
        helpline=plan.notices.helpline,
        freezes=tuple(
            Freeze(rule.list, rule.of, own[rule.of], rule.expires_seconds)
            for rule in answers.fraud.lists
            if rule.of in own
        ),
        hold=answers.fraud.hold,
        release=genuine.release
        and small
        and not genuine.unless.intersection(kinds)
        and _is_known(event, entry.occurred_us, genuine.known_seconds),
        label_fraud=answers.fraud.label,
        label_genuine=genuine.label,
        alert=alert,
        join=join,
    )


def _is_known(event: Payment, occurred_us: int, known_seconds: int | None) -> bool:
    """Tell whether the customer's account is old enough to be believed; of unknown age it is not."""
    if known_seconds is None:
        return True
    added_at = None if event.customer is None else event.customer.added_at
    return added_at is not None and occurred_us - to_us(added_at) >= known_seconds * MICROS_PER_SECOND
