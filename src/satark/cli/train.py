"""`satark train`: learn a model from past payments and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from satark.cli.commands import command
from satark.cli.progress import steps
from satark.cli.root import cli
from satark.core.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from satark.cli.output import Output
    from satark.cli.ports import Wiring
    from satark.models.training.fit import Trained

_FILE = click.Path(path_type=Path, dir_okay=False)
INPUTS_SHOWN = 10
MOST_FITS = 20
MOST_TRIALS = 100
REPLAY, SCORES = "replay", "scores"


@command(cli, "train")
@click.option("--events", type=_FILE, required=True, help="Past payments: CSV, Parquet or JSON lines.")
@click.option("--labels", type=_FILE, help="Labels, where they are not among the events.")
@click.option("--policy", help="The policy: a bundled name or a file; by default that of the settings.")
@click.option("--map", "map_file", type=_FILE, help="Says which column of a foreign file means what.")
@click.option("--labels-map", type=_FILE, help="The same for the file of labels.")
@click.option("--out", type=_FILE, help="The model file to write; by default NAME.model.")
@click.option("--name", help="The model's name; by default that of the policy.")
@click.option("--from", "start", metavar="DAY", help="Train on payments from this day on (2026-04-01, UTC).")
@click.option("--to", "end", metavar="DAY", help="Train on payments before this day.")
@click.option("--as-of", metavar="DAY", help="Labels that were reported from this day on are not known.")
@click.option("--seed", default=1, show_default=True, help="Everything drawn by lot comes from it.")
@click.option(
    "--fits", type=click.IntRange(1, MOST_FITS), help="Fits to average; by default 5, with many rows 3."
)
@click.option(
    "--trials",
    type=click.IntRange(0, MOST_TRIALS),
    default=4,
    show_default=True,
    help="Options to try besides the defaults.",
)
@click.option("--linear", is_flag=True, help="Make the logistic regression the model.")
@click.option("--drop-compromised", is_flag=True, help="Do not learn from customers known as defrauded.")
@click.option("--threads", type=click.IntRange(1, 64), default=2, show_default=True, help="For the trees.")
@click.option("--scores", type=_FILE, help="Write the model's scores of other payments to this Parquet file.")
@click.option("--scores-from", metavar="DAY", help="Score payments from this day on.")
@click.option("--scores-to", metavar="DAY", help="Score payments before this day.")
@click.option("--skip-bad-rows", is_flag=True, help="Leave out and count rows that cannot be used.")
def train(  # noqa: PLR0913 - one argument per option
    wiring: Wiring,
    output: Output,
    *,
    events: Path,
    labels: Path | None,
    policy: str | None,
    map_file: Path | None,
    labels_map: Path | None,
    out: Path | None,
    name: str | None,
    start: str | None,
    end: str | None,
    as_of: str | None,
    seed: int,
    fits: int | None,
    trials: int,
    linear: bool,
    drop_compromised: bool,
    threads: int,
    scores: Path | None,
    scores_from: str | None,
    scores_to: str | None,
    skip_bad_rows: bool,
) -> None:
    """Train a model on the windows of a policy, and write it with its card.

    The payments are replayed with the code that decides live, so that every input is what it was at its moment; a label
    counts from when it was reported. Windows see payments before --from as well. What the figures of the card were
    measured on was not learnt from.
    """
    from satark.decisions.replay_map import load_map
    from satark.decisions.training_set import Span, training_set
    from satark.models.training.fit import train as fit
    from satark.models.training.options import TrainingOptions

    one = wiring.policy(policy)
    target = out or Path(f"{name or one.name}.model")
    _check_targets(target, scores)
    span = Span(_us(start, "--from"), _us(end, "--to"), _us(as_of, "--as-of"), _now_us())
    scored = None
    if scores is not None:
        scored = Span(_us(scores_from, "--scores-from"), _us(scores_to, "--scores-to"))
    options = TrainingOptions(
        name=name or one.name,
        seed=seed,
        fits=fits,
        trials=trials,
        threads=threads,
        drop_compromised=drop_compromised,
        linear=linear,
    )
    with steps(output) as tell:
        gathered = training_set(
            events,
            one,
            span=span,
            scored=scored,
            mapping=None if map_file is None else load_map(map_file, one.attributes),
            labels_path=labels,
            labels_mapping=None if labels_map is None else load_map(labels_map, one.attributes),
            on_bad_row="skip" if skip_bad_rows else "stop",
            rates=wiring.rates(),
            tokens=wiring.card_tokens(),
            windows_options=wiring.windows_options(),
            progress=lambda done, total: tell(REPLAY, done, total),
        )
        trained = fit(gathered.table, one.base_currency, options, notes=gathered.notes, tell=tell)
        if scores is not None:
            gathered.score(trained.model).write_parquet(scores)
    _write(target, trained.data)
    data = {"model": target, "hash": trained.model.hash, "scores": scores, "card": trained.card}
    output.result(data, _lines(trained, target, scores))


def _lines(trained: Trained, target: Path, scores: Path | None) -> Iterator[str]:
    card = trained.card
    span, held = card["span"], card["held_out"]
    yield (
        f"{span['payments']:,} payments of {span['from']} to {span['to']} (standing for {span['stand_for']:,}),"
        f" {span['frauds']:,} fraud; labels known after {span['label_delay_days']:g} days"
    )
    yield ""
    of = held["span"]
    counts = f"{of['payments']:,} payments, {of['frauds']:,} fraud"
    yield f"On {of['from']} to {of['to']}, which was not learnt from ({counts}):"
    for what in ("model", "logistic"):
        yield f"  {what:<10}{_figures(held[what])}"
    yield ""
    yield f"{card['n_inputs']} inputs; those that mattered most:"
    for name, gain in list(card["inputs"].items())[:INPUTS_SHOWN]:
        yield f"  {gain:>7.1%}  {name}"
    yield ""
    yield from (f"Note: {limit}" for limit in card["limits"])
    yield f"\nWritten: {target}\n  hash: {trained.model.hash}"
    if scores is not None:
        yield f"Written: {scores}"


def _figures(told: Mapping[str, Any]) -> str:
    def one(name: str, key: str) -> str:
        value, low, high = told[key]
        return f"{name} {value:.3f} ({low:.3f} to {high:.3f})"

    figures = [one("AUC", "auc"), one("average precision", "average_precision")]
    if told["daily_precision_100"] is not None:
        figures.append(f"precision among 100 customers a day {told['daily_precision_100']:.3f}")
    return ", ".join(figures)


def _us(day: str | None, option: str) -> int | None:
    if day is None:
        return None
    try:
        at = datetime.fromisoformat(day)
    except ValueError:
        raise InputInvalid(
            f"{option} must be a day such as 2026-04-01, not {day[:40]!r}", field=option
        ) from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return round(at.timestamp() * 1_000_000)


def _now_us() -> int:
    return round(datetime.now(UTC).timestamp() * 1_000_000)


def _check_targets(target: Path, scores: Path | None) -> None:
    """Refuse what cannot be written before an hour of work, not after."""
    for path in (target, scores):
        if path is not None and not path.absolute().parent.is_dir():
            raise InputInvalid(f"there is no folder {path.absolute().parent}", path=str(path))


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputInvalid(f"{path} cannot be written: {error.strerror}", path=str(path)) from None
