"""Run a backtest: bring events in, let one policy or two decide them all, add up, compare.

Both policies see the same events in the same order, and share windows that hold the features of both: a comparison
costs little more than one run.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from satark.core.errors import InputInvalid
from satark.decisions.backtest.log_source import LogSource, live_view
from satark.decisions.backtest.running import DEFAULT_COSTS, Options, Running
from satark.decisions.replay_files import Parts, target_of
from satark.decisions.replay_stage import Stage
from satark.decisions.views import View, check_together

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from satark.core.rates import RateTable
    from satark.decisions.backtest.result import BacktestResult, Costs
    from satark.decisions.backtest.sources import BacktestSource
    from satark.decisions.ports import EventLog
    from satark.events.tokens import CardTokens
    from satark.policies import Policy


def run_backtest(  # noqa: PLR0913 - all but one are options by name
    log: EventLog,
    *,
    policy: Policy | View,
    against: Policy | View | None = None,
    from_us: int | None = None,
    to_us: int | None = None,
    costs: Costs = DEFAULT_COSTS,
    tokens: CardTokens | None = None,
    rates: RateTable | None = None,
    windows: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> BacktestResult:
    """Backtest a policy over the log of an installation.

    Parameters
    ----------
    log
        For reading.
    policy
        The candidate; a view when it has a model (`satark.decisions.binding.view_of`).
    against
        What it is compared with, for instance `live_view(log)`.
    from_us, to_us
        The time of the payments that count.
    costs
        For the cost-optimal and budget-optimal points.
    tokens, rates
        The card keys, and the exchange rates for what came before the log knew of any.
    windows
        Bounds of the windows.
    progress
        Called with (done, total).

    Raises
    ------
    InputInvalid
        The policies cannot be compared, or the bounds are none.
    NotFound
        The log has no payments in that time.
    WindowsFull, StorageUnavailable
        There is not enough memory or room.
    """
    views = [one if isinstance(one, View) else View(one) for one in (policy, against) if one is not None]
    options = Options(from_us=from_us, to_us=to_us, costs=costs, windows=windows)
    return backtest(LogSource(log, tokens, rates), views, options, progress)


def backtest(
    source: BacktestSource,
    views: Sequence[View],
    options: Options,
    progress: Callable[[int, int], None] | None = None,
) -> BacktestResult:
    """Backtest over any source.

    Parameters
    ----------
    source
        `FileSource` or `LogSource`.
    views
        The candidate, and perhaps the policy that it is compared with.
    options
        How.
    progress
        Called with (done, total).

    Raises
    ------
    InputInvalid
        The events or the options cannot be used; nothing is written then.
    """
    started = perf_counter()
    _check(views, options)
    tell = progress or (lambda _done, _total: None)
    targets = [target_of(path) for path in (options.out, options.differences)]
    run = Running(views, options)
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="satark-backtest-", dir=options.temp))
        )
        (folder / "stage").mkdir()
        stage = Stage(folder / "stage", run.stored)
        loaded = source.load(
            stage,
            attributes=run.attributes,
            horizon_us=run.horizon_us,
            bounds=(options.from_us, options.to_us),
            tell=tell,
        )
        writers = [Parts(folder / name, target) for name, target in zip(("d", "f"), targets, strict=True)]
        run.decide(stage, loaded, writers, tell)
        for writer in writers:
            writer.join()
        for writer in writers:
            writer.publish()
    return run.result(stage, loaded, perf_counter() - started)


def _check(views: Sequence[View], options: Options) -> None:
    check_together([view.policy for view in views])
    if options.from_us is not None and options.to_us is not None and options.from_us >= options.to_us:
        message = "the time to which is looked at must lie after the time from which"
        raise InputInvalid(message, field="to")
    if options.differences is not None and len(views) == 1:
        message = "differences need a second policy to compare with"
        raise InputInvalid(message, field="differences")


__all__ = ["DEFAULT_COSTS", "Options", "backtest", "live_view", "run_backtest"]
