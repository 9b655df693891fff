"""`satark audit`, `backup`, `restore` and `retention`: looking after what is kept."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from satark.cli.acting import acting_person
from satark.cli.commands import command
from satark.cli.progress import counting
from satark.cli.root import InOrder, cli
from satark.core.clock import from_us
from satark.core.errors import InputInvalid, IntegrityBroken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from satark.cli.output import Output
    from satark.cli.ports import Wiring
    from satark.storage import AuditReport, Manifest
    from satark.storage.compacting import Compacted
    from satark.storage.desk import DeskAuditReport

HEADS_NAME = "heads.jsonl"


@cli.group(cls=InOrder)
def audit() -> None:
    """Prove that nothing that is kept was changed."""


@command(audit, "verify")
@click.option(
    "--heads",
    "heads_file",
    type=click.Path(path_type=Path),
    help="Heads exported earlier; by default those that the engine writes each hour into the data folder.",
)
def verify(wiring: Wiring, output: Output, *, heads_file: Path | None) -> None:
    """Compute the hash chains of the audit trail, the log and the desk again from what is stored.

    Exit code 3 when something was changed, deleted or cut off.
    """
    from satark.storage import read_heads

    beside = wiring.data / HEADS_NAME
    if heads_file is None and beside.is_file():
        heads_file = beside
    heads = [] if heads_file is None else read_heads(heads_file)
    with wiring.storage(write=False) as storage, _steps(output) as progress:
        report: AuditReport = storage.audit.verify(heads=heads, progress=progress)
        desk: DeskAuditReport | None = storage.verify_desk(progress=progress)
    problems = (*report.problems, *(() if desk is None else desk.problems))
    data = {**asdict(report), "ok": not problems, "problems": [asdict(one) for one in problems]}
    output.result(
        {**data, "heads_compared": len(heads), "desk_entries": 0 if desk is None else desk.entries},
        [*_told(report, len(heads)), *_told_of_desk(desk)],
    )
    if problems:
        first = problems[0]
        message = f"the {first.where} does not verify at {first.seq}: {first.what}"
        raise IntegrityBroken(message, where=first.where, seq=first.seq)


@command(cli, "backup")
@click.argument("folder", type=click.Path(path_type=Path))
def backup(wiring: Wiring, output: Output, *, folder: Path) -> None:
    """Copy everything that is kept to an empty or new folder, while the engine runs.

    The copy holds the installation's secrets: keep it as closely as the data folder.
    """
    with wiring.storage() as storage:
        with _steps(output) as progress:
            manifest = storage.backup(folder, progress=progress)
        storage.audit.append(
            actor=acting_person(), action="backup_taken", detail={"log_seq": manifest.log_seq}
        )
    output.result(
        msgspec.to_builtins(manifest),
        f"{folder} holds the log up to {manifest.log_seq:,} ({_size(manifest)}) and the secrets; keep it closely",
    )


@command(cli, "restore")
@click.argument("folder", type=click.Path(path_type=Path))
def restore(wiring: Wiring, output: Output, *, folder: Path) -> None:
    """Make an installation of a backup: in a new data folder, or an empty PostgreSQL database.

    Every file is compared with its digest first; what stands in the target is never overwritten.
    """
    with _steps(output) as progress:
        manifest = wiring.restore(folder, progress)
    with wiring.storage() as storage:
        report: AuditReport = storage.audit.verify()
        desk: DeskAuditReport | None = storage.verify_desk()
        storage.audit.append(
            actor=acting_person(), action="backup_restored", detail={"log_seq": manifest.log_seq}
        )
    verified = report.ok and (desk is None or desk.ok)
    data = {**msgspec.to_builtins(manifest), "verified": verified, "data": wiring.data}
    output.result(
        data,
        f"Restored the log up to {manifest.log_seq:,}, taken {from_us(manifest.taken_us):%Y-%m-%d %H:%M} UTC, "
        f"into {wiring.data}; the windows are rebuilt at the next start.",
    )
    if not verified:
        message = "the backup is whole, but its chains do not verify: see satark audit verify"
        raise IntegrityBroken(message)


@command(cli, "retention")
@click.option("--apply", "really", is_flag=True, help="Remove; without it nothing is removed, only counted.")
@click.option("--body-days", type=int, help="Days to keep the bodies of events, instead of the setting.")
@click.option("--decision-days", type=int, help="Days to keep decisions, instead of the setting.")
@click.option(
    "--compact",
    "compacts",
    is_flag=True,
    help="Give the room of what was removed back to the disk (SQLite); engine and worker must be stopped.",
)
def retention(
    wiring: Wiring,
    output: Output,
    *,
    really: bool,
    body_days: int | None,
    decision_days: int | None,
    compacts: bool,
) -> None:
    """Count, and with --apply remove, what is older than it may be kept.

    Digests stay, so that the chains still verify; the audit trail is kept for ever.
    """
    rule = wiring.retention(body_days, decision_days)
    with wiring.storage(write=really) as storage, _steps(output) as progress:
        report = storage.retain(rule, dry_run=not really, actor=acting_person(), progress=progress)
        folder = storage.folder if storage.engines.dialect == "sqlite" else None
    compacted = _compact(output, wiring, folder) if compacts else []
    verb = "Removed" if really else "Would remove (a dry run; --apply removes)"
    text = (
        f"{verb}: {report.bodies:,} bodies older than {rule.body_days} days, "
        f"{report.decisions:,} decisions older than {rule.decision_days} days"
    )
    lines = [text] + [
        f"{one.name}: {one.before_bytes:,} bytes before, {one.after_bytes:,} now" for one in compacted
    ]
    data = {**asdict(report), **asdict(rule)}
    if compacts:
        data["compacted"] = [asdict(one) for one in compacted]
    output.result(data, lines)


def _compact(output: Output, wiring: Wiring, folder: Path | None) -> list[Compacted]:
    from satark.storage.compacting import compact

    if folder is None:
        message = "only SQLite has to be compacted; PostgreSQL gives room back by itself"
        raise InputInvalid(message, field="compact")
    with _steps(output) as progress:
        done = compact(folder, progress=progress)
    with wiring.storage() as storage:
        detail = {one.name: [one.before_bytes, one.after_bytes] for one in done}
        storage.audit.append(actor=acting_person(), action="compacted", subject="files", detail=detail)
    return done


@contextmanager
def _steps(output: Output) -> Iterator[Callable[[str, int, int], None]]:
    """Show the progress of work that has several steps."""
    with counting(output, "working") as count:
        yield lambda _step, done, _total: count(done)


def _told(report: AuditReport, heads: int) -> list[str]:
    said = "verify" if report.ok else "do NOT verify"
    counted = f"{report.log_entries:,} log entries and {report.audit_entries:,} audit entries {said}"
    lines = [
        f"{counted}; {heads:,} exported heads compared",
        f"log head   {report.log_hash}",
        f"audit head {report.audit_hash}",
    ]
    return [*lines, *(f"{problem.where} {problem.seq}: {problem.what}" for problem in report.problems)]


def _told_of_desk(report: DeskAuditReport | None) -> list[str]:
    if report is None:
        return []
    said = "verify" if report.ok else "do NOT verify"
    lines = [f"{report.entries:,} entries of the desk {said}", f"desk head  {report.hash}"]
    return [*lines, *(f"{problem.where} {problem.seq}: {problem.what}" for problem in report.problems)]


def _size(manifest: Manifest) -> str:
    return f"{sum(file.bytes for file in manifest.files.values()) / 1e6:,.1f} MB"
