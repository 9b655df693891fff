"""`satark report weekly`: files over a real installation, in the language and week that were asked for."""

from __future__ import annotations

import json

import pytest
from tests.support.watch import DAY, MemoryLog, noon

from satark.app.report.writing import write_week
from satark.app.settings import load_settings
from satark.app.wiring import AppWiring
from satark.cli import cli, run
from satark.core.errors import FolderUnusable, InputInvalid
from satark.decisions.labels import TrustOrder
from satark.decisions.watch.measures import week_name, week_of
from satark.storage import FolderLock

WEEK = week_name(week_of(DAY))
NOW_US = noon(DAY + 8)


@pytest.fixture(autouse=True)
def _log_of_the_tests(monkeypatch):
    """Keep the command from setting up a log on a captured terminal, which later tests would find closed."""
    monkeypatch.setattr("satark.app.wiring.configure_logs", lambda _settings: None)


@pytest.fixture
def wiring(tmp_path):
    """Return an installation whose desk has counted three payments of one week."""
    made = AppWiring(load_settings({}, options={"home": str(tmp_path / "home"), "log_level": "error"}))
    log = MemoryLog()
    for place in range(3):
        log.payment(f"p{place}", action="hold", rupees=1_000, rules=("big",))
    made.data.mkdir()
    with FolderLock(made.data), made.storage() as storage, made.desk(storage) as desk:
        desk.watch.catch_up(log, desk.watch.gauges(log), TrustOrder())
    return made


def test_files_are_written_in_the_language_that_was_asked_for(wiring, tmp_path):
    out = tmp_path / "new" / "folder"
    made = write_week(wiring, None, "hi", out, pdf=True, now_us=NOW_US)
    assert made["week"] == WEEK, "the last whole week"
    assert sorted(path.name for path in out.iterdir()) == [f"satark-{WEEK}-hi.html", f"satark-{WEEK}-hi.pdf"]
    html = (out / f"satark-{WEEK}-hi.html").read_text("utf-8")
    assert "₹3,000" in html
    assert 'lang="hi"' in html


def test_a_week_can_be_named_and_written_again(wiring, tmp_path):
    for _ in range(2):
        made = write_week(wiring, WEEK, "en", tmp_path, pdf=False, now_us=NOW_US)
    assert [path.suffix for path in made["files"]] == [".html"]
    earlier = write_week(wiring, "2026-W01", "en", tmp_path, pdf=False, now_us=NOW_US)
    assert "No decisions were counted" in earlier["files"][0].read_text("utf-8")
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("week", ["2026-W54", "last", "2999-W01", "../../etc"])
def test_a_week_that_is_none_or_has_not_begun_is_refused(wiring, tmp_path, week):
    with pytest.raises(InputInvalid):
        write_week(wiring, week, "en", tmp_path / "out", pdf=False, now_us=NOW_US)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_told(wiring, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputInvalid, match="cannot be written"):
        write_week(wiring, WEEK, "en", tmp_path / "file" / "out", pdf=False, now_us=NOW_US)


def test_an_installation_without_anything_is_told(tmp_path):
    empty = AppWiring(load_settings({}, options={"home": str(tmp_path / "none"), "log_level": "error"}))
    with pytest.raises(FolderUnusable):
        write_week(empty, WEEK, "en", tmp_path, pdf=False, now_us=NOW_US)


def test_the_command_says_what_it_wrote(wiring, tmp_path, capsys):
    code = run(
        cli,
        [
            "report",
            "weekly",
            "--week",
            "2026-W01",
            "--lang",
            "hi",
            "--out",
            str(tmp_path / "o"),
            "--html-only",
            "--json",
        ],
        lambda _config, _options: wiring,
        tmp_path,
    )
    assert code == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["week"], told["lang"]) == ("2026-W01", "hi")
    assert told["files"] == [str(tmp_path / "o" / "satark-2026-W01-hi.html")]
