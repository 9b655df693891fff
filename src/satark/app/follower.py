"""The worker's first half: follow the log, and do for each entry what people need of it.

After the commit of a decision, in another process: entries are read in log order; in one transaction of the desk's
database the place in the log moves on, alerts are opened and joined to cases, what the events name is indexed, and
messages are put into the outbox. A kill at any moment leaves all of a batch or nothing of it, so no alert is lost and
none comes twice.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from satark.app.alert_routes import AlertRoutes
from satark.app.watching import with_supervision
from satark.cases.cloud_events import event_message
from satark.cases.following import alert_of, follow, kinds_of_rules
from satark.cases.linking import Labelled, Verdict
from satark.core.clock import MICROS_PER_DAY, from_us
from satark.core.errors import IntegrityBroken, SatarkError
from satark.decisions.logged_roster import roster_at
from satark.decisions.ports import FLAG_LABELLED
from satark.decisions.roster import ROSTER
from satark.events import Context
from satark.storage.engines import FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import sqlalchemy as sa

    from satark.cases.following import Followed
    from satark.cases.model import Alert, NewAlert
    from satark.cases.ports import Message
    from satark.core.rates import RateTable
    from satark.decisions.model import Decision
    from satark.decisions.ports import EventLog, LogEntry
    from satark.events import CardTokens, Event
    from satark.policies import Policy
    from satark.policies.case_rules import Route
    from satark.storage.desk import Desk

NAME = "desk"
BATCH = 500
"""Entries per transaction: a page that wants to write waits for one of them, some 50 to 100 ms."""
HISTORY_US = MICROS_PER_DAY
"""What came longer before the desk was first opened is history: it is indexed, but nobody is alerted or told."""
REMEMBERED = 100_000
"""So many of the newest events are known by id without asking the log."""
DECISION_MADE, ALERT_OPENED = "decision.made", "alert.opened"
_STOPPING = frozenset({"hold", "block"})

_log = structlog.get_logger("satark.worker")


class Planner(Protocol):
    """Says which customers to tell, and of what."""

    def plan(
        self,
        entry: LogEntry,
        decision: Decision,
        event: Event | None,
        *,
        connection: Any,  # noqa: ANN401 - a transaction
        case_id: int | None = None,
        amount_minor: int | None = None,
    ) -> Sequence[Message]:
        """Return the messages about one decision."""


class Follower:
    """Follows one log for one desk.

    Parameters
    ----------
    log
        Read only.
    desk
        Written.
    policy
        Of the settings; its routes serve where those of the policy that decided cannot be read.
    tokens, rates
        As the engine has them.
    planner
        None: customers are told nothing.
    """

    def __init__(
        self,
        log: EventLog,
        desk: Desk,
        policy: Policy,
        *,
        tokens: CardTokens | None = None,
        rates: RateTable | None = None,
        planner: Planner | None = None,
        history_us: int = HISTORY_US,
    ) -> None:
        self._log = log
        self._desk = desk
        self._policy = policy
        self._tokens = tokens
        self._rates = rates
        self._planner = planner
        self._history_us = history_us
        self._routes = AlertRoutes(log, policy)
        self._recent: OrderedDict[tuple[int, str], int] = OrderedDict()
        self.place = desk.followers.begin(NAME)

    def adopt(self) -> None:
        """Let the desk know the words for queues, reasons and checklists of the policy that decides."""
        with self._desk.writing("the policy's words") as connection:
            self._adopt(connection)

    def _adopt(self, connection: sa.Connection) -> None:
        roster = roster_at(self._log)
        live = self._policy if roster is None else self._routes.of(roster.live).policy
        self._desk.cases.adopt(connection, with_supervision(live))

    def step(self, limit: int = BATCH) -> int:
        """Do the next entries of the log; return how many there were.

        Raises
        ------
        StorageUnavailable
            Nothing was done; the next call tries again.
        """
        entries = list(self._log.read(self.place.seq, limit=limit))
        if not entries:
            return 0
        batch = [
            follow(entry, base_currency=self._policy.base_currency, tokens=self._tokens) for entry in entries
        ]
        for followed in batch:
            if followed.unreadable:
                _log.error("entry_unreadable", seq=followed.entry.seq, kind=followed.entry.kind)
        alerts = {new.seq: new for followed in batch if (new := self._alert(followed)) is not None}
        labels = self._labels(batch)
        tells_decisions = self._desk.outbox.wants(DECISION_MADE)
        try:
            with self._desk.writing("the log's news") as connection:
                self._desk.followers.move(connection, NAME, self.place.seq, entries[-1].seq)
                self._desk.entities.index_many(
                    connection, [followed.linked for followed in batch if followed.linked is not None]
                )
                self._desk.entities.mark(connection, labels)
                opened = self._open(connection, list(alerts.values()))
                if any(entry.kind == ROSTER for entry in entries):
                    self._adopt(connection)
                messages = self._messages(connection, batch, opened, tells_decisions=tells_decisions)
                self._desk.outbox.put_all(connection, messages)
        except IntegrityBroken:
            # Another worker was quicker; what it did stands, and this one goes on behind it.
            _log.warning("followed_elsewhere", seq=self.place.seq)
            self.place = self._desk.followers.begin(NAME)
            return 0
        self.place = self._desk.followers.begin(NAME)
        return len(entries)

    # ---- what becomes of a batch -----------------------------------------------------------------------------------

    def _alert(self, followed: Followed) -> NewAlert | None:
        """Return the alert that a decision makes; None for most."""
        if followed.decision is None or followed.action is None or self._is_history(followed):
            return None
        rules = tuple(reason.code for reason in followed.decision.reasons)
        routes = self._routes.of(followed.decision.policy.hash)
        context = Context(self._rates, self._policy.base_currency)
        try:
            values = routes.read(followed.event, None, context)
            kinds = kinds_of_rules(rules, routes.kinds)
            route = routes.router.route(values, followed.action, followed.decision.score, kinds)
        except Exception:  # noqa: BLE001 - a decision that stopped somebody is looked at, whatever a route says
            _log.exception("route_failed", seq=followed.entry.seq)
            route = _last_resort(routes.policy) if followed.action in _STOPPING else None
        return None if route is None else alert_of(followed, route, routes.kinds)

    def _is_history(self, followed: Followed) -> bool:
        return followed.entry.arrived_us < self.place.began_us - self._history_us

    def _labels(self, batch: Sequence[Followed]) -> list[Labelled]:
        """Return what labels say of events, by the events' places."""
        found = []
        for followed in batch:
            entry = followed.entry
            if followed.verdict is not Verdict.NONE:
                seq = self._place_of(entry.owner, entry.ref)
                if seq is not None:
                    found.append(Labelled(seq, followed.verdict))
            elif followed.linked is not None:
                self._remember(entry.owner, entry.event_id, entry.seq)
                if entry.flags & FLAG_LABELLED:
                    found += self._waited(followed)
        return found

    def _waited(self, followed: Followed) -> list[Labelled]:
        """Return the label that came before its payment."""
        entry = followed.entry
        earlier = [
            follow(one, base_currency=self._policy.base_currency).verdict
            for one in self._log.find_by_ref(entry.owner, entry.event_id)
            if one.kind == "label" and one.seq < entry.seq
        ]
        return [Labelled(entry.seq, earlier[-1])] if earlier else []

    def _place_of(self, owner: int, event_id: str) -> int | None:
        seq = self._recent.get((owner, event_id))
        if seq is None:
            entry = self._log.find(owner, event_id)
            seq = None if entry is None else entry.seq
        return seq

    def _remember(self, owner: int, event_id: str, seq: int) -> None:
        self._recent[owner, event_id] = seq
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)

    def _open(self, connection: sa.Connection, alerts: list[NewAlert]) -> dict[int, Alert]:
        if not alerts:
            return {}
        opened = self._desk.cases.take_in(connection, alerts, self._policy.cases.join)
        return {alert.seq: alert for alert in opened}

    def _messages(
        self,
        connection: sa.Connection,
        batch: Sequence[Followed],
        opened: Mapping[int, Alert],
        *,
        tells_decisions: bool,
    ) -> list[Message]:
        messages: list[Message] = []
        for followed in batch:
            if followed.decision is None or self._is_history(followed):
                continue
            alert = opened.get(followed.entry.seq)
            if tells_decisions:
                messages.append(decision_made(followed))
            if alert is not None:
                messages.append(alert_opened(followed, alert))
            if self._planner is not None:
                messages += self._notices(self._planner, connection, followed, alert)
        return messages

    @staticmethod
    def _notices(
        planner: Planner, connection: sa.Connection, followed: Followed, alert: Alert | None
    ) -> Sequence[Message]:
        """Return what the customer is told; a planner that fails must not keep analysts from their alerts."""
        assert followed.decision is not None  # noqa: S101 - callers have looked
        try:
            return planner.plan(
                followed.entry,
                followed.decision,
                followed.event,
                connection=connection,
                case_id=None if alert is None else alert.case_id,
                amount_minor=followed.amount_minor,
            )
        except (SatarkError, *FAULTS):
            raise
        except Exception:  # noqa: BLE001 - as the docstring says
            _log.exception("notice_not_planned", seq=followed.entry.seq)
            return ()


def decision_made(followed: Followed) -> Message:
    """Return the event for webhooks: ids, action and codes; no card, phone or name."""
    entry, decision = followed.entry, followed.decision
    assert decision is not None  # noqa: S101 - callers have looked
    return event_message(
        DECISION_MADE,
        f"{DECISION_MADE}:{entry.seq}",
        {
            "owner": entry.owner,
            "id": entry.event_id,
            "seq": entry.seq,
            "action": decision.action,
            "would": decision.would,
            "score": decision.score,
            "reasons": [reason.code for reason in decision.reasons],
            "degraded": decision.degraded,
            "policy": {"name": decision.policy.name, "version": decision.policy.version},
            "occurred_at": decision.occurred_at,
            "decided_at": decision.decided_at,
        },
        subject=f"payment/{entry.event_id}",
    )


def alert_opened(followed: Followed, alert: Alert) -> Message:
    """Return the event for webhooks that an alert was opened, and in which case."""
    return event_message(
        ALERT_OPENED,
        f"{ALERT_OPENED}:{alert.id}",
        {
            "alert": alert.id,
            "case": alert.case_id,
            "owner": followed.entry.owner,
            "id": followed.entry.event_id,
            "seq": alert.seq,
            "action": alert.action,
            "score": alert.score,
            "amount_minor": alert.amount_minor,
            "queue": alert.queue,
            "rules": list(alert.rules),
            "deadline": from_us(alert.deadline_us).isoformat(),
        },
        subject=f"case/{alert.case_id}",
        case_id=alert.case_id,
    )


def _last_resort(policy: Policy) -> Route | None:
    """Return the strictest of a policy's routes to a queue."""
    routes = [route for route in policy.cases.routes if route.queue is not None]
    return min(routes, key=_deadline, default=None)


def _deadline(route: Route) -> int:
    return route.deadline_seconds


def until_end(step: Callable[[], int], stopped: Callable[[], bool]) -> int:
    """Step until nothing is left or somebody says stop; return how much was done."""
    done = 0
    while not stopped():
        now = step()
        if not now:
            break
        done += now
    return done
