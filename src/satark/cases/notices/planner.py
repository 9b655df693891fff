"""From a decision to the messages that tell the customer, or to the reason why nobody is told.

After a decision, in the worker: the follower hands each decided payment to `NoticePlanner.plan` inside the transaction
in which it advances, so that a crash neither loses a notice nor plans it twice. What is planned, and what was not sent
because of a limit or for want of an address, is kept and stands in the case's timeline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.cases.notices.limits import may_tell
from satark.cases.notices.links import hash_of
from satark.cases.notices.model import NewLink, Notice, NoticeKind, NoticeState
from satark.cases.notices.particulars import shown_of
from satark.cases.notices.quiet import not_before
from satark.cases.notices.reach import check_address, message_of, targets_of
from satark.cases.notices.terms import terms_of
from satark.cases.notices.texts import lang_of, values_of
from satark.core.clock import MICROS_PER_SECOND
from satark.events import Payment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from satark.cases.notices.model import Customer
    from satark.cases.notices.ports import NoticeBook
    from satark.cases.notices.terms import NoticePlan
    from satark.cases.ports import CaseStore, Message, Transaction
    from satark.core.clock import Clock
    from satark.decisions.model import Decision
    from satark.decisions.ports import LogEntry
    from satark.events import Event

ACTOR = "system"
_FLOOR_US = 10 * MICROS_PER_SECOND
"""How long the least of all customers' thresholds is believed before it is asked for again."""


class NoticePlanner:
    """Plans notices.

    Parameters
    ----------
    plan
        Of the policy in force.
    book, cases
        Where notices and the timelines of cases are kept.
    channels
        Asked each time: the channels that are set up, of `satark.policies.notice_rules.CHANNELS`.
    address
        Under which customers reach the pages, for instance ``https://alerts.bank.example``.

    Raises
    ------
    SettingInvalid
        Notices are on, but there is no address for their links, or none that may go into a message.
    """

    def __init__(
        self,
        plan: NoticePlan,
        *,
        book: NoticeBook,
        cases: CaseStore,
        channels: Callable[[], Collection[str]],
        address: str,
        clock: Clock,
    ) -> None:
        self._plan = plan
        self._book = book
        self._cases = cases
        self._channels = channels
        self._address = address.rstrip("/")
        self._clock = clock
        self._floor: tuple[int, int | None] | None = None
        if plan.notices.kinds and channels():
            check_address(self._address)

    def plan(
        self,
        entry: LogEntry,
        decision: Decision,
        event: Event | None,
        *,
        connection: Transaction,
        case_id: int | None = None,
        amount_minor: int | None = None,
    ) -> list[Message]:
        """Return the messages about one decision, for the outbox; what is kept of them is written to `connection`.

        Planned twice, the second time brings nothing.

        Parameters
        ----------
        entry, decision, event
            The decided entry; without an event (retention has removed it) nobody is told.
        connection
            The transaction of the desk database in which the follower advances.
        case_id
            The case that the decision's alert joined, if any.
        amount_minor
            The amount in the policy's base currency where it is known; else only payments in that currency are held
            against thresholds.
        """
        rules, now_us = self._plan.notices, self._clock.now_us()
        kind = self._kind(decision)
        if kind is None or not isinstance(event, Payment):
            return []
        if now_us - entry.occurred_us > rules.max_age_seconds * MICROS_PER_SECOND:
            return []
        if not amount_minor:
            # The follower says 0 where it knows no rate; taken as an amount, it would be below every limit.
            amount_minor = event.amount_minor if event.currency == self._plan.base_currency else None
        if kind is NoticeKind.THRESHOLD and not self._may_be_over(amount_minor, connection, now_us):
            return []
        channels = self._channels()
        if not channels:
            return []
        customer_id = event.customer.id if event.customer is not None else ""
        chosen = self._book.customer(connection, entry.owner, customer_id) if customer_id else None
        if kind is NoticeKind.THRESHOLD and not self._is_over(chosen, amount_minor):
            return []
        if self._book.has(connection, entry.owner, entry.event_id):
            return []
        targets = targets_of(event, [name for name in rules.channels if name in channels])
        hashes = {name: self._book.links.target_hash(target) for name, target in targets.items()}
        state = NoticeState.UNREACHABLE
        if targets:
            since_us = now_us - rules.limit.within_seconds * MICROS_PER_SECOND
            told = self._book.told(connection, entry.owner, customer_id, tuple(hashes.values()), since_us)
            allowed = may_tell(rules.limit, told, kind, event.amount_minor)
            state = NoticeState.SENT if allowed else NoticeState.LIMITED
        notice = Notice(
            id=0,
            owner=entry.owner,
            event_id=entry.event_id,
            seq=entry.seq,
            case_id=case_id,
            customer=customer_id,
            kind=kind,
            state=state,
            lang=lang_of(None if chosen is None else chosen.lang, rules.language),
            created_us=now_us,
            shown=shown_of(event, entry.occurred_us),
            terms=terms_of(self._plan, entry, decision, event, amount_minor, has_case=case_id is not None),
        )
        if state is not NoticeState.SENT:
            self._keep(connection, notice, [])
            return []
        messages, links = self._write(notice, targets, hashes, now_us)
        self._keep(connection, notice, links)
        return messages

    def _kind(self, decision: Decision) -> NoticeKind | None:
        """Return why the customer may have to be told."""
        kind = "threshold" if decision.action == "allow" else decision.action
        return NoticeKind(kind) if kind in self._plan.notices.kinds else None

    def _may_be_over(self, amount_minor: int | None, connection: Transaction, now_us: int) -> bool:
        """Tell whether anybody could want to hear of an allowed payment, without a question to the database.

        Nearly all payments are allowed, and nearly all of these are over nobody's threshold.
        """
        if amount_minor is None:
            return False
        if self._floor is None or now_us - self._floor[0] >= _FLOOR_US:
            self._floor = (now_us, self._book.least_threshold(connection))
        known = [least for least in (self._floor[1], self._plan.notices.threshold_minor) if least is not None]
        return bool(known) and amount_minor >= min(known)

    def _is_over(self, chosen: Customer | None, amount_minor: int | None) -> bool:
        """Tell whether an allowed payment is one that its customer wants to hear of."""
        own = None if chosen is None else chosen.threshold_minor
        least = self._plan.notices.threshold_minor if own is None else own
        return least is not None and amount_minor is not None and amount_minor >= least

    def _write(
        self, notice: Notice, targets: dict[str, str], hashes: dict[str, bytes], now_us: int
    ) -> tuple[list[Message], list[NewLink]]:
        """Return a message and a link for each channel."""
        rules, lang = self._plan.notices, lang_of(notice.lang, "hi")
        due_us = not_before(now_us, notice.kind, rules.quiet)
        expires_us = due_us + rules.link_seconds * MICROS_PER_SECOND
        messages: list[Message] = []
        links: list[NewLink] = []
        for name, target in targets.items():
            key = f"notice:{notice.owner}:{notice.event_id}:{name}"
            token = self._book.links.make(expires_us)
            links.append(NewLink(hash_of(token), name, hashes[name], key, expires_us))
            values = values_of(notice.shown, rules, lang, f"{self._address}/c/{token}")
            messages.append(message_of(name, target, key, values, notice, rules, due_us))
        return messages, links

    def _keep(self, connection: Transaction, notice: Notice, links: Sequence[NewLink]) -> None:
        number = self._book.add(connection, notice, links)
        if notice.case_id is not None:
            detail = {
                "notice": number,
                "kind": notice.kind.value,
                # How far each message comes is told later; now there is only the wish.
                "state": "planned" if notice.state is NoticeState.SENT else notice.state.value,
                "channels": [link.channel for link in links],
            }
            self._cases.record(connection, notice.case_id, ACTOR, "notice", detail)
