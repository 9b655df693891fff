"""Notices to customers: kept with their links, and answered once over each link.

An answer and all that follows from it (list entries and labels for the engine, messages, the case's timeline, the audit
entry) are one transaction: a crash leaves the link unused, or everything done.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from satark.cases.model import CaseOutcome
from satark.cases.notices.links import Links
from satark.cases.notices.model import Answer, Customer, NoticeKind, NoticeState, Told
from satark.core.clock import MICROS_PER_DAY
from satark.core.errors import InputInvalid
from satark.core.ids import is_id
from satark.policies.case_rules import JoinRule
from satark.storage.desk.notice_rows import (
    LINK_COLUMNS,
    NOTICE_COLUMNS,
    customer_of,
    find_link,
    link_of,
    notice_of,
)
from satark.storage.desk.tables.notices import NOTICE_CUSTOMERS, NOTICE_LINKS, NOTICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.cases.notices.model import Effects, NewLink, Notice, NoticeLink
    from satark.cases.notices.ports import Decide
    from satark.cases.ports import CaseStore, Commands, DeskAudit, Outbox
    from satark.core.clock import Clock
    from satark.storage.engines import Engines

ACTOR = "customer"
MAX_TOLD = 200
"""Notices looked at for a limit: more than any limit allows."""
DOUBT_US = 30 * MICROS_PER_DAY
"""So long after a customer denied a payment, nothing is released on a word given over a link."""
MAX_THRESHOLD_MINOR = 10**13
_WHAT = "the notices"
_PURPOSE = b"satark notices 1"


class SqlNotices:
    """Notices and customers' choices; callable from any thread and process.

    Parameters
    ----------
    key
        The installation's audit key; the keys of links are derived from it.
    cases, outbox, commands, audit
        The desk's others, which an answer writes to in its own transaction.
    """

    def __init__(
        self,
        engines: Engines,
        clock: Clock,
        *,
        key: bytes,
        cases: CaseStore,
        outbox: Outbox,
        commands: Commands,
        audit: DeskAudit,
    ) -> None:
        self._engines = engines
        self._clock = clock
        self._cases = cases
        self._outbox = outbox
        self._commands = commands
        self._audit = audit
        self._links = Links(hmac.digest(key, _PURPOSE, "sha256"))

    @property
    def links(self) -> Links:
        """Makes and reads the tokens of links."""
        return self._links

    # ---- for the worker, inside its transaction ------------------------------------------------------------------

    def has(self, connection: sa.Connection, owner: int, event_id: str) -> bool:
        """Tell whether there is a notice about this payment already."""
        query = sa.select(NOTICES.c.id).where(NOTICES.c.owner == owner, NOTICES.c.event_id == event_id)
        return connection.execute(query).first() is not None

    def customer(self, connection: sa.Connection, owner: int, customer: str) -> Customer | None:
        """Return what a customer has chosen."""
        row = connection.execute(
            sa.select(NOTICE_CUSTOMERS).where(
                NOTICE_CUSTOMERS.c.owner == owner, NOTICE_CUSTOMERS.c.customer == customer
            )
        ).first()
        return None if row is None else customer_of(row)

    def least_threshold(self, connection: sa.Connection) -> int | None:
        """Return the smallest of all customers' own thresholds, None when nobody has one."""
        least = connection.scalar(sa.select(sa.func.min(NOTICE_CUSTOMERS.c.threshold_minor)))
        return None if least is None else int(least)

    def told(
        self, connection: sa.Connection, owner: int, customer: str, targets: Sequence[bytes], since_us: int
    ) -> list[Told]:
        """Return what this customer, or anybody at these addresses, was told since then."""
        columns = (NOTICES.c.id, NOTICES.c.kind, NOTICES.c.amount_minor)
        recent = (NOTICES.c.created_us > since_us, NOTICES.c.state == NoticeState.SENT.value)
        queries = []
        if customer:
            own = (NOTICES.c.owner == owner, NOTICES.c.customer == customer)
            queries.append(sa.select(*columns).where(*own, *recent))
        if targets:
            there = (NOTICE_LINKS.c.target_hash.in_(list(targets)), NOTICE_LINKS.c.created_us > since_us)
            query = sa.select(*columns).join(NOTICE_LINKS, NOTICE_LINKS.c.notice_id == NOTICES.c.id)
            queries.append(query.where(*there, *recent).distinct())
        # Two questions with an index each; as one with OR the database would read all notices.
        rows = {row[0]: row for query in queries for row in connection.execute(query.limit(MAX_TOLD))}
        return [Told(NoticeKind(row[1]), row[2]) for row in rows.values()]

    def add(self, connection: sa.Connection, notice: Notice, links: Sequence[NewLink]) -> int:
        """Keep a notice; its id is given here."""
        made = connection.execute(
            sa.insert(NOTICES)
            .values(
                owner=notice.owner,
                event_id=notice.event_id,
                seq=notice.seq,
                case_id=notice.case_id,
                customer=notice.customer,
                kind=notice.kind.value,
                state=notice.state.value,
                lang=notice.lang,
                created_us=notice.created_us,
                shown=msgspec.json.encode(notice.shown),
                terms=msgspec.json.encode(notice.terms),
                amount_minor=notice.shown.amount_minor,
            )
            .returning(NOTICES.c.id)
        )
        number = int(made.scalar_one())
        for link in links:
            connection.execute(
                sa.insert(NOTICE_LINKS).values(
                    token_hash=link.token_hash,
                    notice_id=number,
                    channel=link.channel,
                    target_hash=link.target_hash,
                    key=link.key,
                    created_us=notice.created_us,
                    expires_us=link.expires_us,
                )
            )
        return number

    # ---- for the public page -------------------------------------------------------------------------------------

    def find(self, token_hash: bytes) -> tuple[Notice, NoticeLink] | None:
        """Return the notice of a link."""
        with self._engines.reading(_WHAT) as connection:
            return find_link(connection, token_hash)

    def opened(self, token_hash: bytes) -> None:
        """Note that a link was opened, the first time; a link opened again costs no write."""
        with self._engines.reading(_WHAT) as connection:
            found = find_link(connection, token_hash)
        if found is None or found[1].opened_us is not None:
            return
        with self._engines.writing(_WHAT) as connection:
            first = connection.execute(
                sa.update(NOTICE_LINKS)
                .where(NOTICE_LINKS.c.token_hash == token_hash, NOTICE_LINKS.c.opened_us.is_(None))
                .values(opened_us=self._clock.now_us())
            ).rowcount
            if first:
                notice, link = found
                self._audit.note(
                    connection,
                    actor=ACTOR,
                    action="notice_opened",
                    subject=f"notice:{notice.id}",
                    detail={"channel": link.channel},
                )

    def answer(self, token_hash: bytes, answer: Answer, decide: Decide) -> tuple[Notice, Effects] | None:
        """Write an answer and what follows from it, in one transaction; None when the link was used or has ended."""
        now_us = self._clock.now_us()
        with self._engines.writing(_WHAT) as connection:
            taken = connection.execute(
                sa.update(NOTICE_LINKS)
                .where(
                    NOTICE_LINKS.c.token_hash == token_hash,
                    NOTICE_LINKS.c.used_us.is_(None),
                    NOTICE_LINKS.c.expires_us > now_us,
                )
                .values(used_us=now_us, answer=answer.value)
            ).rowcount
            found = find_link(connection, token_hash) if taken else None
            if found is None:
                return None
            notice, link = found
            if notice.case_id is None and answer is Answer.FRAUD:
                notice = self._open_case(connection, notice)
            effects = decide(notice, self._is_doubtful(connection, notice, now_us))
            if notice.answer is answer:
                # The same was said over another link of this notice; it has been done.
                effects = msgspec.structs.replace(effects, commands=(), messages=())
            for kind, body in effects.commands:
                self._commands.put(connection, notice.owner, kind, body, ACTOR)
            for message in effects.messages:
                self._outbox.put(connection, message)
            if notice.answer is not Answer.FRAUD:
                notice = msgspec.structs.replace(notice, answer=answer, answered_us=now_us)
                connection.execute(
                    sa.update(NOTICES)
                    .where(NOTICES.c.id == notice.id)
                    .values(answer=answer.value, answered_us=now_us, case_id=notice.case_id)
                )
            detail = {
                "notice": notice.id,
                "channel": link.channel,
                "event": notice.event_id,
                "frozen": list(effects.frozen),
                "released": effects.released,
                "held": effects.held,
            }
            if notice.case_id is not None:
                self._cases.answered(connection, notice.case_id, answer.value, detail)
            self._audit.note(
                connection,
                actor=ACTOR,
                action="customer_answered",
                subject=f"notice:{notice.id}",
                detail={**detail, "answer": answer.value},
            )
        return notice, effects

    # ---- for people ----------------------------------------------------------------------------------------------

    def of_case(self, case_id: int, limit: int = 50) -> list[tuple[Notice, list[NoticeLink]]]:
        """Return a case's notices, newest first, with their links; how far each message came, the outbox says."""
        with self._engines.reading(_WHAT) as connection:
            rows = connection.execute(
                sa.select(*NOTICE_COLUMNS)
                .where(NOTICES.c.case_id == case_id)
                .order_by(NOTICES.c.id.desc())
                .limit(limit)
            )
            notices = [notice_of(row) for row in rows]
            links = connection.execute(
                sa.select(*LINK_COLUMNS)
                .where(NOTICE_LINKS.c.notice_id.in_([notice.id for notice in notices]))
                .order_by(NOTICE_LINKS.c.notice_id, NOTICE_LINKS.c.channel)
            )
            of_notice: dict[int, list[NoticeLink]] = {}
            for row in links:
                of_notice.setdefault(row[0], []).append(link_of(row))
        return [(notice, of_notice.get(notice.id, [])) for notice in notices]

    def choose(
        self, owner: int, customer: str, *, lang: str | None, threshold_minor: int | None, actor: str
    ) -> Customer:
        """Keep what a customer has chosen; None: as the policy says.

        Raises
        ------
        InputInvalid
            The customer's id, language or threshold is not of the right form.
        """
        return self.choose_many([Customer(owner, customer, lang, threshold_minor)], actor=actor)[0]

    def choose_many(self, choices: Sequence[Customer], *, actor: str) -> list[Customer]:
        """Keep what many customers have chosen, all or none; of two for one customer the later counts.

        Raises
        ------
        InputInvalid
            One of them is not of the right form; ``row`` counts from 1.
        """
        for row, choice in enumerate(choices, 1):
            _check(choice, row)
        now_us = self._clock.now_us()
        wanted = {
            (one.owner, one.customer): msgspec.structs.replace(one, changed_us=now_us) for one in choices
        }
        with self._engines.writing(_WHAT) as connection:
            for (owner, customer), choice in wanted.items():
                connection.execute(
                    sa.delete(NOTICE_CUSTOMERS).where(
                        NOTICE_CUSTOMERS.c.owner == owner, NOTICE_CUSTOMERS.c.customer == customer
                    )
                )
                connection.execute(sa.insert(NOTICE_CUSTOMERS).values(msgspec.structs.asdict(choice)))
                self._audit.note(
                    connection,
                    actor=actor,
                    action="customer_chose",
                    subject=f"customer:{owner}:{customer}",
                    detail={"lang": choice.lang, "threshold_minor": choice.threshold_minor},
                )
        return list(wanted.values())

    def chosen(self, owner: int, customer: str) -> Customer | None:
        """Return what a customer has chosen."""
        with self._engines.reading(_WHAT) as connection:
            return self.customer(connection, owner, customer)

    def forget(self, before_us: int, limit: int = 1_000) -> int:
        """Remove notices made before then, a bounded number at a time; what cases say of them stays.

        Returns
        -------
        int
            How many were removed; fewer than `limit`: there are no more.
        """
        with self._engines.writing(_WHAT) as connection:
            # The lowest ids are the oldest: without a row to remove, no more than these are looked at.
            oldest = connection.execute(
                sa.select(NOTICES.c.id, NOTICES.c.created_us).order_by(NOTICES.c.id).limit(limit)
            )
            old = [number for number, created_us in oldest if created_us < before_us]
            if old:
                connection.execute(sa.delete(NOTICE_LINKS).where(NOTICE_LINKS.c.notice_id.in_(old)))
                connection.execute(sa.delete(NOTICES).where(NOTICES.c.id.in_(old)))
        return len(old)

    # ---- inside an answer ----------------------------------------------------------------------------------------

    def _open_case(self, connection: sa.Connection, notice: Notice) -> Notice:
        """Open the case of a payment that nobody had doubted until its owner denied it."""
        alert, join = notice.terms.alert, notice.terms.join
        if alert is None or join is None:
            return notice
        rule = JoinRule(frozenset(join.kinds), join.within_seconds, join.at_most)
        opened = self._cases.take_in(connection, [alert], rule)
        return msgspec.structs.replace(notice, case_id=opened[0].case_id) if opened else notice

    def _is_doubtful(self, connection: sa.Connection, notice: Notice, now_us: int) -> bool:
        """Tell whether something speaks against releasing money on the word of whoever holds this link."""
        if notice.answer is Answer.FRAUD:
            return True
        if notice.case_id is not None:
            case = self._cases.get(notice.case_id)
            if case is not None and case.outcome is CaseOutcome.FRAUD:
                return True
        if not notice.customer:
            return False
        denied = sa.select(NOTICES.c.id).where(
            NOTICES.c.owner == notice.owner,
            NOTICES.c.customer == notice.customer,
            NOTICES.c.answer == Answer.FRAUD.value,
            NOTICES.c.created_us > now_us - DOUBT_US,
        )
        return connection.execute(denied.limit(1)).first() is not None


def _check(choice: Customer, row: int) -> None:
    if not is_id(choice.customer):
        message = "a customer's id is 1 to 64 of letters, digits and . _ : @ + - | /"
        raise InputInvalid(message, field="customer", row=row)
    if choice.lang not in {None, "en", "hi"}:
        message = "a customer's language is en or hi"
        raise InputInvalid(message, field="lang", row=row)
    if choice.threshold_minor is not None and not 0 < choice.threshold_minor <= MAX_THRESHOLD_MINOR:
        message = f"a threshold is from 1 to {MAX_THRESHOLD_MINOR} minor units"
        raise InputInvalid(message, field="threshold_minor", row=row)
