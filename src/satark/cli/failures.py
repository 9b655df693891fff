"""Where every command ends: errors become one line and an exit code; a traceback never reaches a person."""

from __future__ import annotations

import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from satark.cli.exits import INTERNAL, INTERRUPTED, OK, USAGE, exit_code
from satark.core.errors import SatarkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.cli.ports import WiringFactory


def run(cli: click.Group, arguments: Sequence[str], factory: WiringFactory, log_folder: Path) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    cli
        The root of all commands.
    arguments
        What stood on the command line, without the program's name.
    factory
        Makes the collaborators of a command once its settings are known.
    log_folder
        Where the particulars of an unexpected error are written.
    """
    as_json = "--json" in arguments
    try:
        answer = cli.main(args=list(arguments), prog_name="satark", standalone_mode=False, obj=factory)
    except SatarkError as error:
        _tell(error.code, error.message, error.fields, as_json=as_json)
        return exit_code(error)
    except click.exceptions.Abort:
        _tell("interrupted", "stopped", {}, as_json=as_json)
        return INTERRUPTED
    except KeyboardInterrupt:
        _tell("interrupted", "stopped", {}, as_json=as_json)
        return INTERRUPTED
    except click.ClickException as error:
        return _usage(error, as_json=as_json)
    except BrokenPipeError:  # The reader of a pipe has had enough, as `head` has.
        sys.stderr.close()
        return OK
    except Exception as error:  # noqa: BLE001 - the last place where anything can be caught
        place = _keep(error, log_folder)
        text = f"an unexpected error ({type(error).__name__}); the particulars are in {place}"
        _tell("internal", text, {"log": str(place)}, as_json=as_json)
        return INTERNAL
    return answer if isinstance(answer, int) else OK


def _tell(code: str, message: str, fields: dict[str, object], *, as_json: bool) -> None:
    """Write one error to standard error."""
    if as_json:
        body = {"error": {"code": code, "message": message, **fields}}
        sys.stderr.write(msgspec.json.encode(body, enc_hook=str).decode() + "\n")
        return
    found = fields.get("diagnostics")
    if isinstance(found, list | tuple) and found:
        for diagnostic in found:
            sys.stderr.write(f"{diagnostic}\n")
    sys.stderr.write(f"satark: {message}\n")


def _usage(error: click.ClickException, *, as_json: bool) -> int:
    if as_json:
        _tell("usage", error.format_message(), {}, as_json=True)
    else:
        error.show()
    return USAGE


def _keep(error: Exception, folder: Path) -> Path:
    """Write the traceback to a file and return its path; the temporary folder stands in where need be."""
    text = "".join(traceback.format_exception(error))
    stamp = datetime.now(UTC).isoformat(timespec="seconds")
    for place in (folder, Path(tempfile.gettempdir())):
        try:
            place.mkdir(parents=True, exist_ok=True)
            with (place / "satark-errors.log").open("a", encoding="utf-8") as log:
                log.write(f"{stamp}\n{text}\n")
        except OSError:
            continue
        return place / "satark-errors.log"
    return Path("nowhere: no folder can be written")
