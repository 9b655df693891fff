"""The lists of a policy while the engine runs: who is on them at the time of an event.

Built from the policy and its list files when the engine starts; an edit from the log changes them later. A
file that cannot be read makes its list unavailable, and nothing else.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from satark.policies.read_lists import read_list_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from satark.policies.model import ListEntry, Policy, PolicyList

NEVER_US = 2**63 - 1


class ListBook:
    """All lists of one policy.

    Attributes
    ----------
    unavailable
        The names of the lists whose file could not be read, in order; each makes decisions `degraded`.
    values_of, networks_of
        By list: its values, and its networks of addresses, with the time at which each ends; for `BoundLists` alone.

    Examples
    --------
    >>> from satark.policies.loader import load_policy
    >>> policy = load_policy('''
    ... policy: tiny
    ... version: 1
    ... lists: {stolen: {of: card, entries: [{value: tok_1, expires: 2027-01-01T00:00:00+05:30}, tok_2]}}
    ... rules: {}
    ... ''')
    >>> at_2025 = ListBook.of(policy).at(1_750_000_000_000_000)
    >>> at_2025.listed("stolen", "tok_1"), at_2025.listed("stolen", "tok_3"), at_2025.listed("nowhere", "x")
    (True, False, None)
    """

    __slots__ = ("networks_of", "unavailable", "values_of")

    def __init__(self) -> None:
        self.values_of: dict[str, dict[Any, int]] = {}
        self.networks_of: dict[str, dict[tuple[int, int], dict[int, int]]] = {}
        self.unavailable: tuple[str, ...] = ()

    @classmethod
    def of(cls, policy: Policy) -> ListBook:
        """Read the lists of a policy, files included."""
        book = cls()
        for one in policy.lists.values():
            book._load(one)
        return book

    @classmethod
    def restored(cls, policy: Policy, logged: Mapping[str, Iterable[tuple[Any, int]] | None]) -> ListBook:
        """Return the lists as the log kept them: values with the time from which each no longer counts."""
        book = cls()
        for one in policy.lists.values():
            values = logged.get(one.name)
            if values is None:
                book.unavailable = (*book.unavailable, one.name)
                continue
            book.values_of[one.name] = {}
            if one.of == "ip":
                book.networks_of[one.name] = {}
            for value, until_us in values:
                book.edit(one.name, value, until_us)
        return book

    def at(self, occurred_us: int) -> BoundLists:
        """Return the lists as they are for an event of that time."""
        return BoundLists(self, occurred_us)

    def edit(self, name: str, value: Any, expires_us: int | None = None, *, remove: bool = False) -> None:  # noqa: ANN401
        """Add a value to a list (or change its expiry), or take it off.

        Raises
        ------
        KeyError
            There is no such list, or it is unavailable.
        """
        values = self.values_of[name]
        if remove:
            values.pop(value, None)
            self._network_edit(name, value, None)
        else:
            values[value] = NEVER_US if expires_us is None else expires_us
            self._network_edit(name, value, values[value])

    def size(self, name: str) -> int:
        """Return how many values a list has, expired ones included."""
        return len(self.values_of[name])

    def expiries(self, name: str) -> dict[Any, int] | None:
        """Return a list's values, each with the time at which it ends; None when it is not available."""
        values = self.values_of.get(name)
        return None if values is None else dict(values)

    def has_networks(self, name: str) -> bool:
        """Tell whether a list holds whole networks of IP addresses."""
        return bool(self.networks_of.get(name))

    def has(self, name: str, value: Any, at_us: int) -> bool | None:  # noqa: ANN401 - as wide as the types of lists
        """Tell whether a value is on a list at a time; None when the list is not available."""
        values = self.values_of.get(name)
        if values is None:
            return None
        until = values.get(value)
        if until is not None and at_us < until:
            return True
        networks = self.networks_of.get(name)
        return _in_networks(networks, value, at_us) if networks else False

    def _load(self, one: PolicyList) -> None:
        entries: Iterable[ListEntry] = one.entries
        if one.file is not None:
            try:
                entries = [*one.entries, *read_list_file(one.file, one.type)]
            except (OSError, ValueError):
                self.unavailable = (*self.unavailable, one.name)
                return
        self.values_of[one.name] = {}
        if one.of == "ip":
            self.networks_of[one.name] = {}
        for entry in entries:
            self.edit(one.name, entry.value, entry.expires_us)

    def _network_edit(self, name: str, value: Any, until: int | None) -> None:  # noqa: ANN401
        """Keep whole networks (`203.0.113.0/24`) of lists of addresses by version, length and bits."""
        networks = self.networks_of.get(name)
        if networks is None or not isinstance(value, str) or "/" not in value:
            return
        try:
            network = ip_network(value, strict=False)
        except ValueError:
            return
        key = (network.version, network.max_prefixlen - network.prefixlen)
        bits = int(network.network_address) >> key[1]
        if until is None:
            networks.get(key, {}).pop(bits, None)
        else:
            networks.setdefault(key, {})[bits] = until


class BoundLists:
    """The lists at the time of one event; what expressions ask (`satark.language.Env`)."""

    __slots__ = ("_at_us", "_book")

    def __init__(self, book: ListBook, at_us: int) -> None:
        self._book = book
        self._at_us = at_us

    def listed(self, list_name: str, value: Any, /) -> bool | None:  # noqa: ANN401 - as wide as the types of lists
        """Tell whether the value is on the list; None when it cannot be known."""
        if value is None:
            return None
        # The usual answer without a further call: each payment asks of seven lists.
        book = self._book
        values = book.values_of.get(list_name)
        if values is not None and value not in values and not book.networks_of.get(list_name):
            return False
        return book.has(list_name, value, self._at_us)

    @property
    def unavailable(self) -> tuple[str, ...]:
        """The lists that could not be read."""
        return self._book.unavailable


def _in_networks(networks: dict[tuple[int, int], dict[int, int]], value: Any, at_us: int) -> bool:  # noqa: ANN401
    try:
        address = ip_address(value)
    except ValueError:
        return False
    number = int(address)
    return any(
        version == address.version and at_us < known.get(number >> shift, 0)
        for (version, shift), known in networks.items()
    )
