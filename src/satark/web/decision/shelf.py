"""The policies of the log, read once and kept: what a page needs to judge a decision again.

Reading a policy takes a good part of a second, judging with it milliseconds. A decision names its policy by a hash of
its content, so a policy that was read never changes; only its lists do, and those are taken as they were at the
decision's place in the log.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

import msgspec

from satark.core.errors import NotFound, PolicyInvalid
from satark.decisions.comparisons import Comparisons
from satark.decisions.judge import Judge
from satark.decisions.list_edits import (
    LIST_EDIT,
    SYSTEM_OWNER,
    apply_list_edit,
    decode_list_edit,
    list_ref,
)
from satark.decisions.logged_policy import PolicyInput, policy_ref
from satark.decisions.logged_roster import killed_at
from satark.policies import ListBook, load_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from satark.decisions.list_edits import ListEdit
    from satark.decisions.ports import LogEntry
    from satark.policies import Policy

Key = TypeVar("Key")
Value = TypeVar("Value")
Lists = dict[str, list[tuple[Any, int]] | None]

MAX_POLICIES = 8
MAX_BOOKS = 16


class PolicyLog(Protocol):
    """The part of the log in which policies and list edits are found."""

    def find_by_ref(self, owner: int, payment_id: str, /) -> Iterator[LogEntry]:
        """Stream the entries of one reference in order."""

    def last_seq(self) -> int:
        """Return the greatest committed seq."""


@dataclass(frozen=True, slots=True)
class _History:
    """What the log said of a policy's lists when it ended at `until`."""

    until: int
    logged: list[tuple[int, Lists]]
    edits: list[tuple[int, ListEdit]]


class Shelf:
    """Policies by their hash, and their lists as they were at a place in the log; callable from any thread."""

    def __init__(self, log: PolicyLog) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._judges: OrderedDict[tuple[str, frozenset[str]], tuple[Judge, Comparisons]] = OrderedDict()
        self._books: OrderedDict[tuple[str, int, int], ListBook] = OrderedDict()
        self._histories: OrderedDict[str, _History] = OrderedDict()

    @classmethod
    def of(cls, log: PolicyLog) -> Shelf:
        """Return the shelf of a log; the areas of one process share it."""
        found = _SHELVES.get(log)
        if found is None:
            found = _SHELVES[log] = cls(log)
        return found

    def judge(self, content_hash: str, seq: int | None = None) -> tuple[Judge, Comparisons]:
        """Return the judge of a policy: with all its rules, or those that were on at a place in the log.

        Raises
        ------
        NotFound
            The log does not have this policy, or it cannot be read any more.
        """
        killed = frozenset[str]() if seq is None else killed_at(self._log, content_hash, seq)
        with self._lock:
            return self._judge(content_hash, killed)

    def book(self, content_hash: str, seq: int) -> ListBook:
        """Return the lists of a policy as they were for a decision at a place in the log.

        Raises
        ------
        NotFound
            As `judge`.
        """
        with self._lock:
            policy = self._judge(content_hash)[0].policy
            history = self._histories.get(content_hash)
            if history is None or history.until < seq:
                history = self._read_history(policy)
                _keep(self._histories, content_hash, history, MAX_POLICIES)
            known = [one for one in history.logged if one[0] < seq] or history.logged[:1]
            if not known:
                raise _unknown(content_hash)
            logged_seq, lists = known[-1]
            edits = [edit for place, edit in history.edits if place < seq]
            key = (content_hash, logged_seq, len(edits))
            book = self._books.get(key)
            if book is None:
                book = ListBook.restored(policy, lists)
                for edit in edits:
                    apply_list_edit(book, edit)
                _keep(self._books, key, book, MAX_BOOKS)
            return book

    def _judge(self, content_hash: str, killed: frozenset[str] = frozenset()) -> tuple[Judge, Comparisons]:
        key = (content_hash, killed)
        found = self._judges.get(key)
        if found is not None:
            self._judges.move_to_end(key)
            return found
        logged = None
        for entry in self._log.find_by_ref(SYSTEM_OWNER, policy_ref(content_hash)):
            logged = entry
        if logged is None or not logged.body:
            raise _unknown(content_hash)
        source = msgspec.json.decode(logged.body, type=PolicyInput)
        try:
            policy = load_policy(source.text, file=f"{source.name}.yaml")
        except PolicyInvalid as error:
            message = "the policy of this decision cannot be read by this version"
            raise NotFound(message, policy=content_hash) from error
        judge = Judge(policy, killed)
        # Without the rules that are off: what they compare with moves nothing.
        found = (judge, Comparisons(judge.rules.policy, judge.order))
        _keep(self._judges, key, found, MAX_POLICIES)
        return found

    def _read_history(self, policy: Policy) -> _History:
        # Asked before the entries, so that nothing up to it can be missing among them.
        until = self._log.last_seq()
        logged = [
            (entry.seq, msgspec.json.decode(entry.body, type=PolicyInput).lists)
            for entry in self._log.find_by_ref(SYSTEM_OWNER, policy_ref(policy.content_hash))
            if entry.body
        ]
        edits = [
            (entry.seq, decode_list_edit(entry.body))
            for name in policy.lists
            for entry in self._log.find_by_ref(SYSTEM_OWNER, list_ref(name))
            if entry.kind == LIST_EDIT and entry.body
        ]
        return _History(until, logged, sorted(edits, key=lambda one: one[0]))


_SHELVES: WeakKeyDictionary[PolicyLog, Shelf] = WeakKeyDictionary()


def _unknown(content_hash: str) -> NotFound:
    message = "the policy of this decision is not in the log"
    return NotFound(message, policy=content_hash)


def _keep(kept: OrderedDict[Key, Value], key: Key, value: Value, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
