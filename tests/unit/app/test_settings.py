"""Settings: where they come from, what is refused, and that every one of them is documented."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from satark.app.settings import Settings, describe_settings, load_settings
from satark.core.errors import SettingInvalid

ROOT = Path(__file__).parents[3]


def test_defaults_hold_when_nothing_is_set():
    assert load_settings({}) == Settings()


def test_later_source_wins_when_several_set_the_same(tmp_path):
    config = tmp_path / "satark.toml"
    config.write_text('port = 1000\nweb_port = 1000\nhost = "::1"\n')
    environment = {"SATARK_CONFIG": str(config), "SATARK_PORT": "2000", "SATARK_WEB_PORT": "2000"}
    settings = load_settings(environment, options={"port": 3000, "web_port": None})
    assert (settings.port, settings.web_port, settings.host) == (3000, 2000, "::1")


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"SATARK_PORT": "70000"}, "SATARK_PORT must be from 0 to 65535, not 70000"),
        ({"SATARK_PORT": "8 0"}, "SATARK_PORT must be a whole number, not '8 0'"),
        ({"SATARK_LOG_JSON": "perhaps"}, "SATARK_LOG_JSON must be true or false, not 'perhaps'"),
        ({"SATARK_CONFIG": "/nowhere/x.toml"}, "the settings file /nowhere/x.toml cannot be read"),
    ],
)
def test_setting_is_refused_with_its_name_when_wrong(environment, says):
    with pytest.raises(SettingInvalid, match=says):
        load_settings(environment)


def test_near_name_is_suggested_when_the_file_has_an_unknown_setting(tmp_path):
    config = tmp_path / "satark.toml"
    config.write_text("prot = 1\n")
    with pytest.raises(SettingInvalid, match="did you mean port"):
        load_settings({}, config=config)


@pytest.mark.parametrize("text", ["port = true", "port = 1.5", "data = 3", "port =", "\x00"])
def test_file_is_refused_when_a_value_has_another_type(tmp_path, text):
    config = tmp_path / "satark.toml"
    config.write_text(text)
    with pytest.raises(SettingInvalid):
        load_settings({}, config=config)


def test_every_setting_is_documented():
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert describe_settings() in written, "run: make docs"
    assert all(field.metadata["doc"].endswith(".") for field in dataclasses.fields(Settings))


def test_importing_the_entry_point_reads_no_setting_and_loads_no_numba():
    code = (
        "import os, sys; os.environ['SATARK_PORT'] = 'nonsense'; import satark.app.main, satark.app.settings;"
        "print('numba' in sys.modules, 'polars' in sys.modules, 'sqlalchemy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Settings)])
def test_setting_is_read_somewhere(name):
    sources = "".join(path.read_text() for path in (ROOT / "src" / "satark" / "app").glob("*.py"))
    assert f"settings.{name}" in sources
