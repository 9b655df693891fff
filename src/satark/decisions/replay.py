"""Replay a file of past events through a policy, in bulk: the same windows and rules as online.

The file is read once, checked and put into order (`replay_stage`); then slice by slice its events enter the windows and
its payments are decided (`replay_run`). Results are written next to their place and renamed when all is done, so an
error changes nothing.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from satark.decisions.label_index import LabelIndex
from satark.decisions.replay_files import Parts, fill_stage, target_of
from satark.decisions.replay_report import ReplaySummary, Tally, shown
from satark.decisions.replay_run import BulkDecider
from satark.decisions.replay_stage import SLICE_EVENTS, Stage
from satark.decisions.views import View
from satark.events.frame import CHUNK_ROWS, EventFile
from satark.events.frame_columns import stored_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satark.core.rates import RateTable
    from satark.events.frame_map import FrameMap
    from satark.events.tokens import CardTokens
    from satark.policies import Policy

MAX_REFUSALS_KEPT = 1_000


def replay(  # noqa: PLR0913 - all but two are options by name
    events_path: Path | str,
    policy: Policy | View,
    *,
    mapping: FrameMap | None = None,
    out: Path | str | None = None,
    features_out: Path | str | None = None,
    on_bad_row: Literal["stop", "skip"] = "stop",
    rates: RateTable | None = None,
    tokens: CardTokens | None = None,
    windows_options: Mapping[str, Any] | None = None,
    chunk_rows: int = CHUNK_ROWS,
    slice_events: int = SLICE_EVENTS,
    temp: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReplaySummary:
    """Decide all payments of a file.

    Parameters
    ----------
    events_path
        .csv, .parquet or .jsonl: events in Satark's own form, flat columns named as facts, or any columns with a map.
    policy
        Checked; a view when it has a model.
    mapping
        From `load_map`.
    out
        Where the decisions go (Parquet): id, occurred_at, action, score, rules, late, degraded, label where any exist,
        and `would` in `observe` mode.
    features_out
        Where id and every feature go (Parquet).
    on_bad_row
        ``stop`` raises at the first bad row; ``skip`` leaves bad rows out and counts them.
    rates
        Dated exchange rates into the policy's base currency.
    tokens
        Card keys; without them, rows that hold full card numbers are refused.
    windows_options
        Bounds on memory and lateness (`satark.features.kernel.windows.Windows`).
    chunk_rows, slice_events
        How much is in memory at once.
    temp
        Where temporary parts go; by default the system's temporary folder.
    progress
        Called with (done, total): rows read plus events decided. `total` is an estimate until all is read.

    Returns
    -------
    ReplaySummary
        Counts, money and, where labels exist, quality.

    Raises
    ------
    InputInvalid
        The file or a row of it cannot be used (``row``, ``field``); nothing is written then.
    WindowsFull
        The windows would need more memory than the options allow.
    StorageUnavailable
        There is no room for temporary parts.
    """
    started = perf_counter()
    view = policy if isinstance(policy, View) else View(policy)
    policy = view.policy
    outputs = [target_of(path) for path in (out, features_out)]
    source = EventFile(Path(events_path), mapping, policy.attributes, tokens)
    tell = progress or (lambda _done, _total: None)
    decider = BulkDecider([view], rates=rates, windows_options=windows_options)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="satark-replay-", dir=temp)))
        (folder / "stage").mkdir()
        stage = Stage(folder / "stage", decider.stored & stored_columns(policy.attributes).keys())
        rows, refused = fill_stage(stage, source, on_bad_row, chunk_rows, tell)
        refusals = refused[:MAX_REFUSALS_KEPT]
        labels = LabelIndex(stage.verdicts())
        events = len(stage.times())
        writers = [Parts(folder / name, target) for name, target in zip(("d", "f"), outputs, strict=True)]
        tally = Tally([rule.code for rule in policy.rules])
        done = 0
        for decided in decider.decide_all(stage.slices(slice_events)):
            ids = decided.payments["id"] if decided.payments.height else pl.Series("id", [], dtype=pl.String)
            tally.add(decided, labels.codes(ids))
            if writers[0].target is not None:
                writers[0].write(
                    decided.decisions.with_columns(labels.names(ids)) if len(labels) else decided.decisions
                )
            if writers[1].target is not None:
                writers[1].write(pl.concat([ids.to_frame(), decided.features], how="horizontal"))
            done += decided.height
            tell(rows + done, rows + events)
        for writer in writers:
            writer.join()
        for writer in writers:
            writer.publish()
    seconds = perf_counter() - started
    return ReplaySummary(
        rows=rows,
        refused=len(refused),
        refusals=shown(refusals),
        repeated=stage.repeats,
        events=dict(sorted(tally.kinds.items())),
        payments=tally.payments,
        actions={action: tally.by_action[action] for action in ("allow", "challenge", "hold", "block")},
        rules={rule.code: tally.rules[rule.code] for rule in policy.rules},
        currency=policy.base_currency,
        amount_minor=sum(tally.worth.values()),
        stopped_minor=tally.worth["hold"] + tally.worth["block"],
        challenged_minor=tally.worth["challenge"],
        late=tally.late,
        parked=stage.parked,
        degraded=dict(sorted(tally.degraded.items())),
        quality=tally.quality(),
        policy={
            "name": policy.name,
            "version": policy.version,
            "hash": policy.content_hash,
            "mode": policy.mode,
        },
        features_version=decider.plan.version,
        windows=decider.windows.stats(),
        seconds=seconds,
        events_per_second=done / seconds if seconds else 0.0,
    )
