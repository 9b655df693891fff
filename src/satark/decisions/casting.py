"""Who decides: from a roster or an order to policies that are read, checked, and bound to their models.

The settings name one policy, the log may hold a roster. As long as the settings' policy is the one that the newest
roster was published over, the roster holds; another policy in the settings ends it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from satark.core.errors import InputInvalid, ModelInvalid, NotFound, SatarkError
from satark.decisions.binding import view_of
from satark.decisions.list_edits import apply_logged_edits
from satark.decisions.logged_policy import PolicyInput, lists_of, policy_ref
from satark.decisions.logged_roster import SYSTEM_OWNER, logged_model, roster_at
from satark.decisions.roster import FROM_STORE, MODEL, ROSTER, ROSTER_REF, Roster, encode_roster, model_ref
from satark.decisions.views import Lineup, View, check_together, covers
from satark.events import body_digest
from satark.policies import ListBook, load_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from satark.decisions.ports import EventLog
    from satark.decisions.roster import PublishOrder
    from satark.policies import Policy
    from satark.policies.model_rules import ModelRef

Inputs = list[tuple[str, str, bytes]]
BY_SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Cast:
    """What an order comes to.

    Attributes
    ----------
    inputs
        (kind, reference, content) of what the log lacks, and last the roster.
    fresh
        The views whose lists are new; edits that come from now on must reach them.
    covered
        The windows in force hold all that it needs.
    """

    roster: Roster
    lineup: Lineup
    inputs: Inputs
    fresh: tuple[View, ...]
    covered: bool


class Casting:
    """Finds policies and models by their hashes.

    Parameters
    ----------
    log
        Where published ones lie.
    base
        The policy of the settings.
    models
        Gives what may be a model from outside the log: files beside the policy, the store of models.
    folder
        Where list files of published policies lie.
    mark
        What the settings name, as rosters remember it: by default the content of the policy. A policy that ships with
        the program is meant by its name: an upgrade that changes it must not end what people have published.
    failed
        Told of a model or policy that cannot be used at a start.
    """

    def __init__(
        self,
        log: EventLog,
        base: Policy,
        *,
        models: Callable[[ModelRef], Iterable[bytes]] | None = None,
        folder: Path | None = None,
        mark: str | None = None,
        failed: Callable[[str, SatarkError], None] | None = None,
    ) -> None:
        self._log = log
        self._base = base
        self._mark = base.content_hash if mark is None else mark
        self._models = models
        self._folder = folder
        self._failed = failed
        self._policies: dict[str, Policy] = {base.content_hash: base}
        self._bound: dict[str, bytes] = {}

    # ------------------------------------------------------------ at a start

    def roster(self) -> Roster | None:
        """Return the roster that holds; None when the settings' policy decides alone."""
        roster = roster_at(self._log)
        return roster if roster is not None and roster.base == self._mark else None

    def in_force(self) -> Lineup:
        """Return who decides by the log and the settings.

        Raises
        ------
        SatarkError
            The live policy cannot be read any more.
        """
        roster = self.roster()
        if roster is None:
            return Lineup(self._view(self._base, frozenset()))
        live = self._view(self._known(roster.live), frozenset(roster.killed.get(roster.live, ())))
        canary, percent = None, 0.0
        if roster.canary is not None:
            canary = self._optional(roster.canary.hash, roster)
            percent = 0.0 if canary is None else roster.canary.percent
        shadows = tuple(filter(None, (self._optional(one, roster) for one in roster.shadows)))
        lineup = Lineup(live, canary, percent, shadows)
        held = [policy for policy in map(self._held, roster.windows) if policy is not None]
        if held and covers(held, lineup.policies):
            lineup = Lineup(live, canary, percent, shadows, tuple(held))
        return lineup

    def inputs(self) -> Inputs:
        """Return what the log shall hold besides the settings' own inputs before anything is decided.

        After `in_force`, whose models are among them.
        """
        found: Inputs = [(MODEL, model_ref(key), data) for key, data in self._bound.items()]
        newest = roster_at(self._log)
        if newest is None:
            return found
        if newest.base != self._mark:
            alone = Roster(self._base.content_hash, base=self._mark, actor=BY_SETTINGS)
            return [*found, (ROSTER, ROSTER_REF, encode_roster(alone))]
        for one in newest.taking_part:
            logged = self._logged(one)
            policy = None if one == self._base.content_hash else self._held(one)
            if policy is not None and logged is not None and any(p.file for p in policy.lists.values()):
                # Files of lists are read anew at each start, so their values are inputs anew.
                found.append(("policy", policy_ref(one), _input_of(policy, logged.text, ListBook.of(policy))))
        return found

    # ------------------------------------------------------------ to publish

    def cast(self, order: PublishOrder, now: Lineup, books: Mapping[str, ListBook], actor: str) -> Cast:
        """Return what an order comes to.

        Parameters
        ----------
        order
            Checked by itself (`satark.decisions.roster.check_order`).
        now
            Who decides until then; who stays keeps models and lists as they are.
        books
            The lists in force by the policy's hash.
        actor
            Who gave the order.

        Raises
        ------
        InputInvalid
            A policy or rule is not known, a text is not the policy that it is said to be, or the policies cannot share
            windows.
        PolicyInvalid, ModelInvalid
            A text or model has mistakes, or they do not fit each other.
        """
        running = {view.policy.content_hash: view for view in now.views}
        texts = {key: self._read(key, text) for key, text in order.texts.items()}
        given = {key: _bytes_of(key, told) for key, told in order.models.items() if told != FROM_STORE}

        def find(ref: ModelRef) -> Iterator[bytes]:
            if ref.hash in given:
                yield given[ref.hash]
            yield from self._candidates(ref)

        fresh: list[View] = []
        inputs: Inputs = []

        def seat(key: str) -> View:
            killed = frozenset(order.killed.get(key, ()))
            earlier = running.get(key)
            if earlier is not None:
                if key in order.texts:
                    inputs.extend(self._renewed(key, order.texts[key]))
                return View(earlier.policy, earlier.model, earlier.challengers, killed, books[key])
            policy = texts.get(key) or self._known(key)
            book = ListBook.of(policy)
            text = order.texts.get(key) or self._text(key)
            inputs.extend(self._lacking("policy", policy_ref(key), _input_of(policy, text, book)))
            apply_logged_edits(self._log, policy, book)
            view = view_of(policy, find, killed=killed, lists=book)
            for one in (view.model, *view.challengers.values()):
                if one is not None:
                    inputs.extend(self._lacking(MODEL, model_ref(one.model.hash), one.model.data))
            fresh.append(view)
            return view

        live = seat(order.live or now.live.policy.content_hash)
        canary = None if order.canary is None else seat(order.canary.hash)
        percent = 0.0 if order.canary is None else order.canary.percent
        lineup = Lineup(live, canary, percent, tuple(seat(one) for one in order.shadows))
        if len({view.policy.content_hash for view in lineup.views}) != len(lineup.views):
            message = "a policy can take part only once"
            raise InputInvalid(message, field="shadows")
        check_together(lineup.policies)
        self._check_killed(
            order, {**texts, **{view.policy.content_hash: view.policy for view in lineup.views}}
        )
        covered = covers(now.policies, lineup.policies)
        if covered:
            lineup = Lineup(live, canary, percent, lineup.shadows, now.policies)
        roster = Roster(
            live.policy.content_hash,
            order.canary,
            order.shadows,
            order.killed,
            self._mark,
            tuple(policy.content_hash for policy in lineup.policies),
            actor,
            order.note,
        )
        inputs.append((ROSTER, ROSTER_REF, encode_roster(roster)))
        for policy in texts.values():
            self._policies.setdefault(policy.content_hash, policy)
        return Cast(roster, lineup, inputs, tuple(fresh), covered)

    # ------------------------------------------------------------ within

    def _read(self, key: str, text: str) -> Policy:
        policy = load_policy(text, file=f"{key[:12]}.yaml", folder=self._folder)
        if policy.content_hash != key:
            message = f"the text of the policy {key[:12]} has another content: its hash begins with "
            raise InputInvalid(message + policy.content_hash[:12], field="texts")
        folder = (self._folder or Path()).resolve()
        for one in policy.lists.values():
            if one.file is not None and not one.file.resolve().is_relative_to(folder):
                message = f"the file of the list {one.name} lies outside the policy's folder"
                raise InputInvalid(message, field="lists")
        return policy

    def _logged(self, key: str) -> PolicyInput | None:
        found = None
        for entry in self._log.find_by_ref(SYSTEM_OWNER, policy_ref(key)):
            if entry.kind == "policy" and entry.body:
                found = entry
        return None if found is None else msgspec.json.decode(found.body, type=PolicyInput)

    def _text(self, key: str) -> str:
        logged = self._logged(key)
        if logged is None:
            message = f"the policy {key[:12]} is not known here"
            raise InputInvalid(message, field="hash")
        return logged.text

    def _known(self, key: str) -> Policy:
        if key not in self._policies:
            self._policies[key] = self._read(key, self._text(key))
        return self._policies[key]

    def _held(self, key: str) -> Policy | None:
        try:
            return self._known(key)
        except SatarkError as error:
            self._tell(f"policy:{key[:12]}", error)
            return None

    def _optional(self, key: str, roster: Roster) -> View | None:
        """Return a view that the answers of the live policy do not depend on; None when it cannot be had."""
        policy = self._held(key)
        return None if policy is None else self._view(policy, frozenset(roster.killed.get(key, ())))

    def _view(self, policy: Policy, killed: frozenset[str]) -> View:
        view = view_of(
            policy,
            self._candidates,
            killed=killed,
            failed=lambda ref, error: self._tell(f"model:{ref.name}", error),
        )
        for one in (view.model, *view.challengers.values()):
            if one is not None:
                self._bound[one.model.hash] = one.model.data
        return view

    def _candidates(self, ref: ModelRef) -> Iterator[bytes]:
        if self._models is not None:
            yield from self._models(ref)
        try:
            yield logged_model(self._log, ref.hash)
        except NotFound:
            return

    def _tell(self, what: str, error: SatarkError) -> None:
        if self._failed is not None:
            self._failed(what, error)

    def _lacking(self, kind: str, ref: str, body: bytes) -> Inputs:
        """Return an input unless it is what the log has last under its reference."""
        digest = None
        for entry in self._log.find_by_ref(SYSTEM_OWNER, ref):
            if entry.kind == kind:
                digest = entry.digest
        return [] if digest == body_digest(body) else [(kind, ref, body)]

    def _renewed(self, key: str, text: str) -> Inputs:
        """Return the input for another text of a policy that runs: comments, notices and cases are not in its hash."""
        logged = self._logged(key)
        if logged is None or logged.text == text:
            return []
        renewed = PolicyInput(logged.name, logged.version, logged.hash, text, logged.lists)
        return [("policy", policy_ref(key), msgspec.json.encode(renewed))]

    def _check_killed(self, order: PublishOrder, policies: Mapping[str, Policy]) -> None:
        for key, codes in order.killed.items():
            policy = policies.get(key) or self._known(key)
            known = {rule.code for rule in policy.rules}
            for code in codes:
                if code not in known:
                    message = f"the policy {policy.name} has no rule `{code[:64]}`"
                    raise InputInvalid(message, field="killed")


def _input_of(policy: Policy, text: str, book: ListBook) -> bytes:
    return msgspec.json.encode(
        PolicyInput(policy.name, policy.version, policy.content_hash, text, lists_of(policy, book))
    )


def _bytes_of(key: str, told: str) -> bytes:
    try:
        return base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError) as error:
        message = f"the model {key[:12]} of the order is not in base64"
        raise ModelInvalid(message, model=key[:12]) from error
