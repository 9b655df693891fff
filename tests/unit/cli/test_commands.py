"""What all commands have in common."""

from __future__ import annotations

import json

import click
import pytest

from satark.cli import cli, run
from satark.cli.commands import command
from satark.cli.output import Output


def every_command(group, path=()):
    for name, entry in group.commands.items():
        if isinstance(entry, click.Group):
            yield from every_command(entry, (*path, name))
        else:
            yield pytest.param(entry, id=" ".join((*path, name)))


@pytest.mark.parametrize("entry", list(every_command(cli)))
def test_command_speaks_json_and_explains_itself(entry):
    assert "--json" in [name for parameter in entry.params for name in parameter.opts]
    assert entry.help
    assert entry.help.rstrip().endswith(".")
    undocumented = [p.name for p in entry.params if isinstance(p, click.Option) and not p.help]
    assert undocumented == []


def test_overrides_of_settings_reach_the_wiring_and_not_the_command(tmp_path):
    seen = {}
    group = click.Group("root")

    @command(group, "go", settings=("port",))
    @click.option("--port", type=int)
    @click.option("--word")
    def go(wiring, output, *, word):
        seen.update(wiring=wiring, json=output.as_json, word=word)

    def factory(config, options):
        return config, options

    data = tmp_path / "d"
    code = run(group, ["go", "--port", "1", "--word", "w", "--data", str(data)], factory, tmp_path)
    assert code == 0
    assert seen == {"wiring": (None, {"home": data, "port": 1}), "json": False, "word": "w"}


def test_version_is_one_json_document_when_asked_for(capsys, tmp_path):
    assert run(cli, ["version", "--json"], lambda _config, _options: None, tmp_path) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"satark", "python", "packages"}


def test_brackets_are_text_when_a_table_shows_them(capsys):
    Output(as_json=False).table({}, ["name"], [["[bold]x[/bold]"], [None]])
    assert "[bold]x[/bold]" in capsys.readouterr().out
