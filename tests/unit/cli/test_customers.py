"""What customers have chosen, from the terminal."""

from __future__ import annotations

import json

import pytest

from satark.app.main import make_wiring
from satark.cli import cli, run


@pytest.fixture
def satark(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SATARK_HOME", str(tmp_path / "home"))

    def satark(*arguments):
        code = run(cli, [*map(str, arguments), "--json"], make_wiring, tmp_path / "logs")
        out, err = capsys.readouterr()
        return code, json.loads(out) if code == 0 else json.loads(err)

    assert satark("keys", "create", "gateway", "--owner", "shop")[0] == 0
    return satark


def test_choice_is_shown_when_made(satark):
    made = {"owner": 1, "customer": "cust-1", "lang": "hi", "threshold_minor": 500_000}
    arguments = ("--owner", "shop", "--lang", "hi", "--threshold-minor", 500_000)
    assert satark("customers", "choose", "cust-1", *arguments) == (0, made)
    assert satark("customers", "show", "cust-1", "--owner", "shop") == (0, made)
    assert satark("customers", "show", "cust-2", "--owner", "shop")[0] == 66


def test_owner_must_be_known_when_choosing(satark):
    assert satark("customers", "choose", "cust-1", "--owner", "nobody")[0] == 66


def test_many_choices_are_loaded_when_file_is_whole(satark, tmp_path):
    file = tmp_path / "choices.csv"
    file.write_text("customer,lang,threshold_minor\ncust-1,hi,500000\ncust-2,,\n", encoding="utf-8-sig")
    assert satark("customers", "load", file, "--owner", "shop") == (0, {"customers": 2})
    assert satark("customers", "show", "cust-2", "--owner", "shop")[1]["lang"] is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "customer,lang\ncust-1,hi\n",
        "customer,lang,threshold_minor\ncust-1,hi,5.50\n",
        "customer,lang,threshold_minor\ncust-1,fr,5\n",
        "customer,lang,threshold_minor\ncust-1,hi,0\n",
        "customer,lang,threshold_minor\ncust 1,hi,5\n",
        "customer,lang,threshold_minor\ncust-1,hi,5,6\n",
        'customer,lang,threshold_minor\n"cust-1,hi,5\n',
    ],
)
def test_nothing_is_kept_when_a_row_is_wrong(satark, tmp_path, text):
    file = tmp_path / "choices.csv"
    file.write_text(text.replace("\ncust", "\ngood,hi,5\ncust", 1), encoding="utf-8")
    assert satark("customers", "load", file, "--owner", "shop")[0] == 65
    assert satark("customers", "show", "good", "--owner", "shop")[0] == 66


def test_file_that_is_missing_is_refused_when_loading(satark, tmp_path):
    assert satark("customers", "load", tmp_path / "none.csv", "--owner", "shop")[0] == 65
