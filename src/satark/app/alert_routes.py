"""Which routes say what becomes of a decision: those of the policy that made it.

Several policies may decide at once, and one that was published may have rules and queues that the policy of the
settings does not know. A policy is read from the log once; where it cannot be read, the settings' routes serve.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from satark.cases.routing import Router
from satark.core.errors import PolicyInvalid
from satark.decisions.again import SYSTEM_OWNER, PolicyInput, policy_ref
from satark.events import compile_reader
from satark.policies import load_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satark.decisions.ports import EventLog
    from satark.policies import Policy

KEPT = 16

_log = structlog.get_logger("satark.worker")


@dataclass(frozen=True, slots=True)
class PolicyRoutes:
    """The routes of one policy, and what they ask of an event.

    Attributes
    ----------
    read
        (event, lists, context) to the values of `router.facts`.
    kinds
        Rule to the kind of fraud that it is against.
    """

    policy: Policy
    router: Router
    read: Callable[..., Any]
    kinds: Mapping[str, str]

    @classmethod
    def of(cls, policy: Policy) -> PolicyRoutes:
        """Make the routes of a policy ready."""
        router = Router(policy.cases)
        read = compile_reader(router.facts, "payment", policy.signals, policy.attributes)
        return cls(policy, router, read, {rule.code: rule.kind for rule in policy.rules})


class AlertRoutes:
    """Routes by policy.

    Parameters
    ----------
    log
        Where published policies lie.
    policy
        Of the settings.
    """

    def __init__(self, log: EventLog, policy: Policy) -> None:
        self._log = log
        self._own = PolicyRoutes.of(policy)
        self._known: OrderedDict[str, PolicyRoutes] = OrderedDict()

    def of(self, policy_hash: str) -> PolicyRoutes:
        """Return the routes of a policy by its hash."""
        if policy_hash == self._own.policy.content_hash:
            return self._own
        known = self._known.get(policy_hash)
        if known is None:
            known = self._known[policy_hash] = self._read(policy_hash)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(policy_hash)
        return known

    def _read(self, policy_hash: str) -> PolicyRoutes:
        text = None
        for entry in self._log.find_by_ref(SYSTEM_OWNER, policy_ref(policy_hash)):
            if entry.body:
                text = msgspec.json.decode(entry.body, type=PolicyInput).text
        try:
            return self._own if text is None else PolicyRoutes.of(load_policy(text))
        except PolicyInvalid as error:
            _log.warning("policy_unreadable", policy=policy_hash, error=error.code)
            return self._own
