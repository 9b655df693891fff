"""Bring in a foreign model in a process of its own, with bounded time and memory.

What is let through to a foreign runtime has been looked at, but that runtime is a million lines of another project.
Should a crafted file still make it hang, crash or eat memory, then a child process does so, and the command says that
the file cannot be used. `python -m satark.cli.trying` is that child; it reads one message and writes one.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from satark.core.errors import ModelInvalid, SatarkError
from satark.models.adapters import ModelSchema, import_model
from satark.models.adapters.formats import unusable
from satark.models.artefact import load_model

if TYPE_CHECKING:
    from satark.models import Model

SECONDS = 120
MEMORY_BYTES = 6 << 30


class _Question(msgspec.Struct):
    data: bytes
    schema: ModelSchema
    base_currency: str
    file: str


class _Answer(msgspec.Struct):
    data: bytes = b""
    blocks: bool = False
    error: str = ""


def import_apart(
    data: bytes, schema: ModelSchema, *, base_currency: str, file: str, seconds: int = SECONDS
) -> tuple[Model, bool]:
    """Do what `satark.models.adapters.import_model` does, in a child process.

    Returns
    -------
    tuple
        The model, and whether backtests score it in blocks.

    Raises
    ------
    ModelInvalid
        As there; or the child took too long, or did not survive.
    """
    question = msgspec.msgpack.encode(_Question(data, schema, base_currency, file))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "satark.cli.trying"],
            input=question,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise unusable(file, f"it was tried for {seconds} seconds without an end") from None
    try:
        answer = msgspec.msgpack.decode(done.stdout, type=_Answer)
    except msgspec.MsgspecError:
        raise unusable(file, f"the process that tried it did not survive (exit {done.returncode})") from None
    if answer.error:
        raise ModelInvalid(answer.error, path=file)
    return load_model(answer.data, file=file), answer.blocks


def main() -> None:
    """Answer one question from standard input."""
    import resource

    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    question = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Question)
    try:
        made = import_model(
            question.data, question.schema, base_currency=question.base_currency, file=question.file
        )
        answer = _Answer(made.data, made.blocks)
    except SatarkError as error:
        answer = _Answer(error=error.message)
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


if __name__ == "__main__":
    main()
