"""Write a week's report to files: read, put into words, made whole beside its place, then put there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satark.app.report.gathering import gather_week, last_whole_week, policy_in_force
from satark.app.report.page import week_html
from satark.app.report.print import week_pdf
from satark.app.report.view import view_of
from satark.app.watching import with_supervision
from satark.core.clock import SystemClock
from satark.core.errors import InputInvalid
from satark.decisions.watch.measures import week_name, week_named

if TYPE_CHECKING:
    from pathlib import Path

    from satark.app.wiring import AppWiring
    from satark.core.clock import Lang


def write_week(
    wiring: AppWiring, week: str | None, lang: str, out: Path, *, pdf: bool, now_us: int | None = None
) -> dict[str, Any]:
    """Write the report of a week.

    Parameters
    ----------
    week
        A name of ISO 8601; None: the last whole week.
    lang
        en or hi.
    out
        The folder; made where it is not there.
    now_us
        The present moment; by default the clock's.

    Returns
    -------
    dict
        `week`, `lang` and `files`.

    Raises
    ------
    InputInvalid
        There is no such week, it has not begun, the folder cannot be written, or the PDF's package is missing.
    FolderUnusable
        There is no installation yet.
    """
    now_us = SystemClock().now_us() if now_us is None else now_us
    number = last_whole_week(now_us) if week is None else week_named(week)
    spoken: Lang = "hi" if lang == "hi" else "en"
    with wiring.storage(write=False) as storage, wiring.desk(storage, write=False) as desk:
        policy = policy_in_force(storage, desk, wiring.policy())
        figures = gather_week(storage, desk, policy, number, now_us)
    view = view_of(figures, spoken, queues=with_supervision(policy).queues, currency=policy.base_currency)
    made = {"html": week_html(view).encode()}
    if pdf:
        made["pdf"] = week_pdf(view)
    name = week_name(number)
    files = [
        _put(out / f"satark-{name}-{spoken}.{ending}", content) for ending, content in sorted(made.items())
    ]
    return {"week": name, "lang": spoken, "files": files}


def _put(path: Path, content: bytes) -> Path:
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        message = f"{path.name} cannot be written: {error.strerror}"
        raise InputInvalid(message, path=str(path)) from None
    return path
