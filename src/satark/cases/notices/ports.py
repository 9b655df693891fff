"""What notices need kept, as Protocols; `satark.storage.desk.notices` fits them by its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satark.cases.notices.links import Links
    from satark.cases.notices.model import Answer, Customer, Effects, NewLink, Notice, NoticeLink, Told
    from satark.cases.ports import Transaction

    Decide: TypeAlias = Callable[[Notice, bool], Effects]


class NoticeBook(Protocol):
    """Notices, their links and answers; callable from any thread and process."""

    @property
    def links(self) -> Links:
        """Makes and reads the tokens of links."""

    # ---- for the worker, inside its transaction ------------------------------------------------------------------

    def has(self, connection: Transaction, owner: int, event_id: str) -> bool:
        """Tell whether there is a notice about this payment already."""

    def customer(self, connection: Transaction, owner: int, customer: str) -> Customer | None:
        """Return what a customer has chosen."""

    def least_threshold(self, connection: Transaction) -> int | None:
        """Return the smallest of all customers' own thresholds, None when nobody has one."""

    def told(
        self, connection: Transaction, owner: int, customer: str, targets: Sequence[bytes], since_us: int
    ) -> list[Told]:
        """Return what this customer, or anybody at these addresses, was told since then."""

    def add(self, connection: Transaction, notice: Notice, links: Sequence[NewLink]) -> int:
        """Keep a notice; its id is given here."""

    # ---- for the public page -------------------------------------------------------------------------------------

    def find(self, token_hash: bytes) -> tuple[Notice, NoticeLink] | None:
        """Return the notice of a link."""

    def opened(self, token_hash: bytes) -> None:
        """Note that a link was opened, the first time."""

    def answer(self, token_hash: bytes, answer: Answer, decide: Decide) -> tuple[Notice, Effects] | None:
        """Write an answer and what follows from it, in one transaction; None when the link was used or has ended."""
