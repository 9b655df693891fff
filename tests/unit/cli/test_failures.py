"""The end of every command: one line, one exit code, and never a traceback."""

from __future__ import annotations

import json

import click
import pytest

from satark.cli.commands import command
from satark.cli.failures import run
from satark.core.errors import FolderLocked, PolicyInvalid


@pytest.fixture
def fails(tmp_path, capsys):
    """Run a command that raises the given error; return (exit code, output, errors, log folder)."""

    def fails(error, *arguments):
        group = click.Group("root")

        @command(group, "fail")
        def fail(_wiring, _output):
            raise error

        logs = tmp_path / "logs"
        code = run(group, ["fail", *arguments], lambda _config, _options: None, logs)
        out, err = capsys.readouterr()
        return code, out, err, logs

    return fails


def test_error_is_one_line_with_its_exit_code_when_it_is_ours(fails):
    code, out, err, _ = fails(FolderLocked("another engine (process 7) owns the data folder", pid=7))
    assert (code, out, err) == (75, "", "satark: another engine (process 7) owns the data folder\n")


def test_error_is_json_on_standard_error_when_asked_for(fails):
    code, out, err, _ = fails(FolderLocked("another engine owns it", pid=7), "--json")
    assert (code, out) == (75, "")
    assert json.loads(err) == {
        "error": {"code": "folder_locked", "message": "another engine owns it", "pid": 7}
    }


def test_all_diagnostics_are_shown_when_a_policy_is_invalid(fails):
    places = ["p.yaml:3:9: unknown name 'amont'", "p.yaml:9:2: duplicate key"]
    code, _, err, _ = fails(PolicyInvalid("the policy has 2 errors", diagnostics=places))
    assert code == 65
    assert err.splitlines() == [*places, "satark: the policy has 2 errors"]


def test_no_traceback_is_shown_when_an_error_is_unexpected(fails):
    code, out, err, logs = fails(ZeroDivisionError("deep inside"))
    assert (code, out) == (70, "")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert str(logs / "satark-errors.log") in err
    assert "ZeroDivisionError: deep inside" in (logs / "satark-errors.log").read_text()


def test_particulars_lie_in_the_temporary_folder_when_the_data_folder_cannot_be_written(fails, tmp_path):
    (tmp_path / "logs").write_text("a file where a folder should be")
    code, _, err, _ = fails(ZeroDivisionError("x"), "--json")
    assert code == 70
    assert "satark-errors.log" in json.loads(err)["error"]["log"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.exceptions.Abort()])
def test_exit_code_is_130_when_the_person_stops_it(fails, error):
    code, _, err, _ = fails(error)
    assert (code, err.strip()) == (130, "satark: stopped")


@pytest.mark.parametrize("arguments", [["--nope"], ["--config"], ["too", "much"]])
def test_exit_code_is_2_when_the_command_line_is_wrong(fails, arguments):
    code, _, err, _ = fails(AssertionError("not reached"), *arguments)
    assert code == 2
    assert "Traceback" not in err


def test_nothing_is_said_when_the_reader_of_the_pipe_has_gone(fails, monkeypatch):
    class Closed:
        def close(self):
            pass

    monkeypatch.setattr("satark.cli.failures.sys.stderr", Closed())
    assert fails(BrokenPipeError())[0] == 0
