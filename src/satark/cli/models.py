"""`satark models`: bring models in, keep them, look at them, check them; `satark features`: sets to train on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from satark.cli.commands import command
from satark.cli.progress import counting
from satark.cli.root import InOrder, cli
from satark.core.errors import InputInvalid, ModelInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from satark.cli.output import Output
    from satark.cli.ports import Wiring
    from satark.models import Model
    from satark.policies import Policy

_FILE = click.Path(path_type=Path, dir_okay=False)
_INPUTS_SHOWN = 30
_SPAN = re.compile(r"(\d{1,5})([mhdw])")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


@cli.group(cls=InOrder)
def models() -> None:
    """Bring in, keep, show and check models."""


@cli.group(cls=InOrder)
def features() -> None:
    """Write what the windows say into files."""


@command(models, "import")
@click.argument("source", metavar="FILE")
@click.option(
    "--schema", type=_FILE, required=True, help="Says what the model's columns mean (docs/adapters.md)."
)
@click.option(
    "--policy", help="The policy whose facts and features the schema names; by default the settings'."
)
@click.option("--out", type=_FILE, help="Write the model to this file instead of the installation's folder.")
@click.option("--registry", help="Where the MLflow registry is; by default what MLFLOW_TRACKING_URI says.")
def import_(
    wiring: Wiring,
    output: Output,
    *,
    source: str,
    schema: Path,
    policy: str | None,
    out: Path | None,
    registry: str | None,
) -> None:
    """Bring in a model of another program: ONNX, scikit-learn as skops, or mlflow:models:/NAME/VERSION.

    The file is checked, tried out, and written as a model that a policy can name by its hash.
    """
    from satark.cli.trying import import_apart
    from satark.connectors.mlflow_registry import PREFIX, fetch_model
    from satark.models.adapters import read_schema
    from satark.models.adapters.formats import MAX_FILE_BYTES
    from satark.storage.model_store import ModelStore

    one = wiring.policy(policy)
    names, signatures = _names(one)
    read = read_schema(schema, names, signatures)
    if source.startswith(PREFIX):
        fetched = fetch_model(source, registry=registry, most_bytes=MAX_FILE_BYTES)
        data, name = fetched.data, fetched.name
    else:
        data, name = _bytes(Path(source), MAX_FILE_BYTES), Path(source).name
    model, blocks = import_apart(data, read, base_currency=one.base_currency, file=name)
    if out is None:
        path = ModelStore(wiring.data).put(model.data)
    else:
        path = out
        _write(out, model.data)
    head = model.head
    bulk = "in blocks" if blocks else "row by row"
    use = path.name if out is not None else f"sha256:{model.hash}"
    result = {"hash": model.hash, "name": head.name, "kind": head.kind, "path": path, "bulk": bulk}
    output.result(
        result,
        [
            f"{head.name}: {head.kind}, {len(head.inputs)} inputs, {len(model.data):,} bytes",
            f"Backtests score it {bulk}.",
            f"Written: {path}",
            *_in_a_policy(use, model.hash),
        ],
    )


@command(models, "keep")
@click.argument("path", metavar="FILE", type=_FILE)
@click.option("--policy", help="Check too that it fits this policy (a file, or the name of a bundled one).")
def keep(wiring: Wiring, output: Output, *, path: Path, policy: str | None) -> None:
    """Keep a model file in the installation's folder, so that policies on pages can name it by its hash."""
    from satark.models import read_model
    from satark.storage.model_store import ModelStore

    model = read_model(path)
    if policy is not None:
        from satark.decisions.binding import bind_for

        bind_for(wiring.policy(policy), model)
    kept = ModelStore(wiring.data).put(model.data)
    head = model.head
    output.result(
        {"hash": model.hash, "name": head.name, "kind": head.kind, "path": kept},
        [
            f"{head.name}: {head.kind}, {len(head.inputs)} inputs, {len(model.data):,} bytes",
            f"Kept: {kept}",
            *_in_a_policy(f"sha256:{model.hash}", model.hash),
        ],
    )


@command(models, "show")
@click.argument("name", metavar="MODEL")
@click.option("--all-inputs", is_flag=True, help=f"Show every input, not only the first {_INPUTS_SHOWN}.")
def show(wiring: Wiring, output: Output, *, name: str, all_inputs: bool) -> None:
    """Show what a model (a file, or a hash of the installation's folder) says about itself."""
    model = _model(wiring, name)
    output.result(_told(model), _lines(model, None if all_inputs else _INPUTS_SHOWN))


@command(models, "verify")
@click.argument("names", metavar="MODEL...", nargs=-1, required=True)
@click.option("--policy", help="Check too that each fits this policy (a file, or the name of a bundled one).")
@click.option("--hash", "expected", help="The hash that the one model must have.")
def verify(
    wiring: Wiring, output: Output, *, names: tuple[str, ...], policy: str | None, expected: str | None
) -> None:
    """Check that models are undamaged and can be used here."""
    if expected is not None and len(names) > 1:
        message = "--hash goes with one model"
        raise click.UsageError(message)
    found = []
    for name in names:
        model = _model(wiring, name)
        if expected is not None and model.hash != expected.removeprefix("sha256:").lower():
            message = f"the model {name} has the hash {model.hash}, not the expected one"
            raise ModelInvalid(message, path=name)
        if policy is not None:
            from satark.decisions.binding import bind_for

            bind_for(wiring.policy(policy), model)
        found.append(model)
    fits = "" if policy is None else f", fits {policy}"
    output.result(
        [{"name": one.name, "hash": one.hash, "kind": one.head.kind, "ok": True} for one in found],
        [f"{one.name}: undamaged, {one.head.kind}{fits} (hash {one.hash[:12]})" for one in found],
    )


@command(models, "list")
def list_(wiring: Wiring, output: Output) -> None:
    """List the models of the installation's folder."""
    from satark.storage.model_store import ModelStore

    rows: list[tuple[Any, ...]] = []
    told: list[dict[str, Any]] = []
    for path, one in ModelStore(wiring.data).models():
        if isinstance(one, ModelInvalid):
            rows.append((path.name[:12], "", "", "", one.message))
            told.append({"path": path, "error": one.message})
        else:
            rows.append(
                (one.hash[:12], one.name, one.head.kind, len(one.head.inputs), f"{len(one.data):,} bytes")
            )
            told.append({"path": path, "hash": one.hash, "name": one.name, "kind": one.head.kind})
    output.table(told, ("hash", "name", "kind", "inputs", ""), rows)
    if not rows:
        output.note(f"No models in {ModelStore(wiring.data).folder}.")


@command(features, "export")
@click.argument("events", type=_FILE)
@click.option("--policy", help="The policy: a bundled name or a file; by default that of the settings.")
@click.option("--map", "map_file", type=_FILE, help="Says which column of a foreign file means what.")
@click.option("--out", type=_FILE, required=True, help="The Parquet file to write.")
@click.option(
    "--label-delay",
    default="60d",
    show_default=True,
    help="Labels known so long after a payment count: 12h, 30d, 8w.",
)
@click.option(
    "--also", multiple=True, metavar="NAME", help="A text that is left out otherwise; may be repeated."
)
@click.option("--skip-bad-rows", is_flag=True, help="Leave out and count rows that cannot be used.")
def export(  # noqa: PLR0913 - one argument per option
    wiring: Wiring,
    output: Output,
    *,
    events: Path,
    policy: str | None,
    map_file: Path | None,
    out: Path,
    label_delay: str,
    also: tuple[str, ...],
    skip_bad_rows: bool,
) -> None:
    """Write what a model would have been given at each payment, and the label as it was known some time later.

    One row per payment: id, time, every fact and feature a model can read, label. Ids, addresses and other texts that
    name somebody are left out unless --also names them.
    """
    from satark.decisions.export import export_features
    from satark.decisions.replay_map import load_map

    one = wiring.policy(policy)
    mapping = None if map_file is None else load_map(map_file, one.attributes)
    with counting(output, "rows read and written", total=1) as progress:
        done = export_features(
            events,
            one,
            out,
            delay_seconds=_seconds(label_delay),
            mapping=mapping,
            also=also,
            on_bad_row="skip" if skip_bad_rows else "stop",
            rates=wiring.rates(),
            tokens=wiring.card_tokens(),
            windows_options=wiring.windows_options(),
            progress=progress,
        )
    result = {
        "rows": done.rows, "fraud": done.fraud, "genuine": done.genuine, "columns": list(done.columns),
        "refused": done.refused, "late": done.late, "path": out,
    }  # fmt: skip
    lines = [
        f"{done.rows:,} payments, {len(done.columns)} columns",
        f"known {label_delay} later: {done.fraud:,} fraud, {done.genuine:,} genuine",
        *([f"{done.refused:,} rows refused"] if done.refused else []),
        *([f"{done.late:,} events too late for the windows"] if done.late else []),
        f"Written: {out}",
    ]
    output.result(result, lines)


def _in_a_policy(use: str, model_hash: str) -> tuple[str, ...]:
    return "", "In a policy:", f"  model: {{use: {use}, hash: {model_hash}}}"


def _names(policy: Policy) -> tuple[Any, dict[str, str]]:
    from satark.features.spec import feature_signature
    from satark.policies.names import known_facts, rule_names

    names = rule_names(known_facts(policy.attributes, policy.signals), policy.features)
    return names, {feature.name: feature_signature(feature) for feature in policy.features}


def _model(wiring: Wiring, name: str) -> Model:
    """Read a model by its path or its hash."""
    from satark.models import read_model
    from satark.storage.model_store import SUFFIX, ModelStore, checked

    if Path(name).is_file():
        return read_model(Path(name))
    path = ModelStore(wiring.data).path(name)
    return checked(path.read_bytes(), path.name.removesuffix(SUFFIX), file=path.name)


def _bytes(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise InputInvalid(message, path=str(path)) from None


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        message = f"{path} cannot be written: {error.strerror}"
        raise InputInvalid(message, path=str(path)) from None


def _seconds(span: str) -> int:
    match = _SPAN.fullmatch(span.strip())
    if match is None:
        message = f"{span[:40]} is no span of time: a number with m, h, d or w, for instance 30d"
        raise click.UsageError(message)
    return int(match[1]) * _SECONDS[match[2]]


def _told(model: Model) -> dict[str, Any]:
    import msgspec

    head: dict[str, Any] = msgspec.to_builtins(model.head)
    return {"hash": model.hash, "bytes": len(model.data), **head}


def _lines(model: Model, most: int | None) -> Iterator[str]:
    head = model.head
    yield f"{head.name}: {head.kind}, {len(head.inputs)} inputs, amounts in {head.base_currency}"
    yield f"hash {model.hash}, {len(model.data):,} bytes"
    made = ", ".join(f"{name} {version}" for name, version in sorted(head.trained_with.items()))
    if made:
        yield f"made with {made}"
    points = len(head.calibration[0])
    yield f"calibrated over {points} points" if points else "gives a probability by itself"
    yield ""
    width = min(40, max(len(one.name) for one in head.inputs))
    for one in head.inputs[:most]:
        usual = "" if one.typical is None else f"  (usually {one.typical:g})"
        read = f"{one.source}, {one.partner}: how near" if one.partner else one.source
        yield f"  {one.name:<{width}}  {one.type:<5}  {read}{usual}"
    if most is not None and len(head.inputs) > most:
        yield f"  and {len(head.inputs) - most} more (--all-inputs)"
    for name in sorted(head.card):
        value = head.card[name]
        if isinstance(value, str | int | float) and value != "":
            yield f"\n{name}: {value}"
