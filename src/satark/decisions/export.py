"""Point-in-time training sets: what a model would have been given at each payment, and what was known of it later.

Features come from the same windows as live, moved event by event, so a row holds nothing that was not known when its
payment was decided. The label is the one that stood a declared time after the payment: whoever trains on the file
cannot learn from a label that came later than the one who will use the model can wait.

Texts that name a person, a card, a device or a place are left out unless they are asked for by name: a model can take
texts only as categories, and a training set travels.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from satark.core.clock import MICROS_PER_SECOND
from satark.core.errors import InputInvalid
from satark.decisions.labels_frame import standing_frame
from satark.decisions.replay_files import Parts, fill_stage, target_of
from satark.decisions.replay_run import BulkDecider
from satark.decisions.replay_stage import AT, SLICE_EVENTS, Stage
from satark.events.facts import LABEL
from satark.events.frame import CHUNK_ROWS, EventFile
from satark.events.frame_columns import TYPE, stored_columns
from satark.language import Type, did_you_mean
from satark.policies.names import known_facts, rule_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from satark.core.rates import RateTable
    from satark.decisions.replay_run import Decided
    from satark.events.frame_map import FrameMap
    from satark.events.tokens import CardTokens
    from satark.policies import Policy

OWN = ("id", "occurred_at", "label", "label_at", "label_from")
"""Columns besides facts and features: `label_at` is when the label was known, `label_from` the kind of its reporter."""
NUMBERS = frozenset({Type.INT, Type.FLOAT, Type.BOOL})
PLAIN_TEXTS = frozenset(
    {
        "bin_country",
        "billing_country",
        "card_country",
        "currency",
        "ip_country",
        "issuer_country",
        "mcc",
        "payee_vpa_handle",
        "shipping_country",
        "vpa_handle",
    }
)
"""Texts without a closed set of values that say nothing of a single person."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes
    ----------
    rows
        Payments.
    fraud, genuine
        How many had such a label by then.
    columns
        The names of the file's columns, in order.
    refused
        Rows of the events' file that could not be used.
    late
        Events that came too late for the windows.
    """

    rows: int
    fraud: int
    genuine: int
    columns: tuple[str, ...]
    refused: int
    late: int


def readable_names(policy: Policy, also: Collection[str] = ()) -> tuple[str, ...]:
    """Return the facts and features that go into a training set: facts first, then features, each in its order.

    Parameters
    ----------
    policy
        Checked.
    also
        Texts to be taken besides.

    Raises
    ------
    InputInvalid
        One of them is not known, or no model could read it.
    """
    names = rule_names(known_facts(policy.attributes, policy.signals), policy.features)
    for name in also:
        if name not in names or names[name].type not in NUMBERS | {Type.STR}:
            hint = did_you_mean(name, names)
            message = (
                f"`{name[:60]}` is no fact or feature that a model can read{f'; {hint}' if hint else ''}"
            )
            raise InputInvalid(message, field=name[:60])
    found = []
    for name, info in names.items():
        plain = info.type is Type.STR and (info.choices is not None or name in PLAIN_TEXTS)
        if name in also or info.type in NUMBERS or plain:
            found.append(name)
    taken = sorted({*OWN} & set(found))
    if taken:
        message = f"the policy's `{taken[0]}` has the name of a column of the training set"
        raise InputInvalid(message, field=taken[0])
    return tuple(found)


def export_features(  # noqa: PLR0913 - all but three are options by name
    events_path: Path | str,
    policy: Policy,
    out: Path | str,
    *,
    delay_seconds: int,
    mapping: FrameMap | None = None,
    also: Collection[str] = (),
    on_bad_row: Literal["stop", "skip"] = "stop",
    rates: RateTable | None = None,
    tokens: CardTokens | None = None,
    windows_options: Mapping[str, Any] | None = None,
    chunk_rows: int = CHUNK_ROWS,
    slice_events: int = SLICE_EVENTS,
    temp: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Exported:
    """Write the training set of a file of events.

    Parameters
    ----------
    events_path, mapping, on_bad_row, rates, tokens, windows_options, chunk_rows, slice_events, temp, progress
        As of `satark.decisions.replay.replay`. The file streams: memory holds a slice, and a few numbers per event.
    policy
        Its features are the columns, and its `labels:` say whom to believe.
    out
        A Parquet file: `id`, `occurred_at`, facts, features, `label` (fraud, genuine or null) and the rest of `OWN`.
    delay_seconds
        Labels count that were known so long after their payment, and no later ones.
    also
        Texts to be taken besides; see `readable_names`.

    Raises
    ------
    InputInvalid
        The file or a row of it cannot be used; nothing is written then.
    WindowsFull
        The windows would need more memory than the options allow.
    StorageUnavailable
        There is no room for temporary parts.
    """
    target = target_of(out)
    names = readable_names(policy, also)
    own = {feature.name for feature in policy.features}
    facts = [name for name in names if name not in own]
    features = [name for name in names if name in own]
    source = EventFile(Path(events_path), mapping, policy.attributes, tokens)
    tell = progress or (lambda _done, _total: None)
    decider = BulkDecider(policy, rates=rates, windows_options=windows_options)
    decider.read_also(facts)
    with tempfile.TemporaryDirectory(prefix="satark-export-", dir=temp) as place:
        folder = Path(place)
        (folder / "stage").mkdir()
        stage = Stage(folder / "stage", decider.stored & stored_columns(policy.attributes).keys())
        rows, refused = fill_stage(stage, source, on_bad_row, chunk_rows, tell)
        labels = known_labels(stage)
        events = len(stage.times())
        writer = Parts(folder / "parts", target)
        counts = {"fraud": 0, "genuine": 0}
        paid = done = late = 0
        for decided in decider.decide_all(stage.slices(slice_events)):
            done += decided.height
            late += decided.late
            if decided.payments.height:
                frame = _rows(decided, facts, features, labels, policy, delay_seconds * MICROS_PER_SECOND)
                writer.write(frame)
                paid += frame.height
                for verdict in counts:
                    counts[verdict] += int((frame["label"] == verdict).sum())
            tell(rows + done, rows + events)
        writer.join()
        writer.publish()
    columns = (*OWN[:2], *names, *OWN[2:])
    return Exported(paid, counts["fraud"], counts["genuine"], columns, len(refused), late)


def known_labels(stage: Stage) -> pl.DataFrame:
    """Return every label of a stage: `payment`, `label`, `reporter`, and `reported_us`, from when it was known."""
    wanted = [AT, TYPE, "payment", "label", "reporter"]
    found = [
        pl.read_parquet(part.path, columns=wanted)
        .filter((pl.col(TYPE) == LABEL) & pl.col("label").is_not_null())
        .select("payment", "label", "reporter", pl.col(AT).alias("reported_us"))
        for part in stage.made
        if set(wanted) <= set(pl.read_parquet_schema(part.path))
    ]
    schema = {
        "payment": pl.String(),
        "label": pl.String(),
        "reporter": pl.String(),
        "reported_us": pl.Int64(),
    }
    return pl.concat(found) if found else pl.DataFrame(schema=schema)


def _rows(
    decided: Decided,
    facts: list[str],
    features: list[str],
    labels: pl.DataFrame,
    policy: Policy,
    delay_us: int,
) -> pl.DataFrame:
    payments = decided.payments.select("id", pl.col("occurred_at").cast(pl.Int64))
    own = payments.rename({"id": "payment"})
    known = labels.join(own, on="payment", how="inner").filter(
        pl.col("reported_us") <= pl.col("occurred_at") + delay_us
    )
    standing = standing_frame(known.drop("occurred_at"), policy.labels.trust).select(
        pl.col("payment").alias("id"),
        "label",
        _time(pl.col("reported_us")).alias("label_at"),
        pl.col("trust").alias("label_from"),
    )
    found = pl.concat(
        [
            payments.with_columns(_time(pl.col("occurred_at"))),
            decided.facts.select(facts),
            decided.features.select(features),
        ],
        how="horizontal",
    )
    return found.join(standing, on="id", how="left", maintain_order="left")


def _time(micros: pl.Expr) -> pl.Expr:
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
