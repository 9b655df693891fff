"""`satark customers`: what customers have chosen about notices: language, and the amount from which they are told."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from satark.cases.notices import Customer
from satark.cli.acting import acting_person
from satark.cli.commands import command
from satark.cli.root import InOrder, cli
from satark.core.errors import InputInvalid, NotFound
from satark.core.money import format_minor

if TYPE_CHECKING:
    from satark.cli.output import Output
    from satark.cli.ports import Wiring

MAX_ROWS = 1_000_000
COLUMNS = ("customer", "lang", "threshold_minor")
_OWNER = click.option(
    "--owner",
    default="default",
    show_default=True,
    help="The owner of the API keys that send their payments.",
)


@cli.group(cls=InOrder)
def customers() -> None:
    """Keep what customers have chosen about notices."""


@command(customers, "choose")
@click.argument("customer")
@_OWNER
@click.option("--lang", type=click.Choice(["en", "hi"]), help="Language; without it, the policy's.")
@click.option(
    "--threshold-minor",
    type=click.IntRange(1),
    help="Told of allowed payments from this amount on, in minor units (paise); without it, as the policy says.",
)
def choose(
    wiring: Wiring,
    output: Output,
    *,
    customer: str,
    owner: str,
    lang: str | None,
    threshold_minor: int | None,
) -> None:
    """Set what one customer has chosen; what was chosen before is replaced."""
    with wiring.storage() as storage, wiring.desk(storage) as desk:
        made = desk.notices.choose(
            _owner_of(storage, owner),
            customer,
            lang=lang,
            threshold_minor=threshold_minor,
            actor=acting_person(),
        )
    output.result(_plain(made), _told(made))


@command(customers, "show")
@click.argument("customer")
@_OWNER
def show(wiring: Wiring, output: Output, *, customer: str, owner: str) -> None:
    """Show what one customer has chosen."""
    with wiring.storage(write=False) as storage, wiring.desk(storage, write=False) as desk:
        found = desk.notices.chosen(_owner_of(storage, owner), customer)
    if found is None:
        message = "this customer has chosen nothing"
        raise NotFound(message)
    output.result(_plain(found), _told(found))


@command(customers, "load")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_OWNER
def load(wiring: Wiring, output: Output, *, file: Path, owner: str) -> None:
    """Set what many customers have chosen, all or none, from a CSV file with customer, lang and threshold_minor."""
    with wiring.storage() as storage, wiring.desk(storage) as desk:
        choices = _read(file, _owner_of(storage, owner))
        made = desk.notices.choose_many(choices, actor=acting_person())
    output.result({"customers": len(made)}, f"{len(made)} customers")


def _read(file: Path, owner: int) -> list[Customer]:
    """Read the file's rows; empty cells mean that the customer has not chosen."""
    found: list[Customer] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as source:
            reader = csv.DictReader(source, strict=True)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                message = f"the columns of the file must be {', '.join(COLUMNS)}"
                raise InputInvalid(message, path=str(file))
            for row, cells in enumerate(reader, 1):
                found.append(_choice(cells, owner, row, file))
                if len(found) > MAX_ROWS:
                    message = f"the file has more than {MAX_ROWS} rows"
                    raise InputInvalid(message, path=str(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "not CSV in UTF-8"
        message = f"the file cannot be read: {reason}"
        raise InputInvalid(message, path=str(file)) from error
    return found


def _choice(cells: dict[str, Any], owner: int, row: int, file: Path) -> Customer:
    threshold = (cells["threshold_minor"] or "").strip()
    if None in cells or (threshold and not (threshold.isascii() and threshold.isdigit())):
        message = "a row has a customer, a language or nothing, and a threshold in minor units or nothing"
        raise InputInvalid(message, path=str(file), row=row)
    lang = (cells["lang"] or "").strip() or None
    return Customer(owner, (cells["customer"] or "").strip(), lang, int(threshold) if threshold else None)


def _owner_of(storage: Any, name: str) -> int:  # noqa: ANN401 - the storage that was opened
    for key in storage.keys.list():
        if key.owner_name == name:
            return int(key.owner)
    message = "no API key has an owner of this name"
    raise NotFound(message, owner=name)


def _plain(made: Customer) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(made).items() if name != "changed_us"}


def _told(made: Customer) -> str:
    lang = {"en": "English", "hi": "Hindi"}.get(made.lang or "", "the policy's language")
    if made.threshold_minor is None:
        return f"{made.customer}: {lang}, the policy's threshold"
    return f"{made.customer}: {lang}, from {format_minor(made.threshold_minor)}"
