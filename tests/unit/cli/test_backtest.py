"""`satark backtest` at the terminal: over a file and over the log of an installation."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from tests.support.scored_log import ScoredLog

from satark.cli import cli
from satark.cli.ports import Inspection
from satark.core.errors import InputInvalid
from satark.decisions.backtest.result import decode_result
from satark.policies import load_policy

POLICY = """
policy: small
version: %d
rules:
  large: {when: amount > rupees(%d), action: hold, score: 0.7, reason: {en: x, hi: x}}
"""
EVENTS = "id,occurred_at,amount_minor,method,customer\n" + "".join(
    f"p{n},2026-01-02T10:0{n}:00Z,{n * 10_000},upi,c{n}\n" for n in range(10)
)


class Wiring:
    """The collaborators that the command asks for."""

    def __init__(self, log=None, data=b""):
        self._log, self._data = log, data

    def policy(self, name=None):
        return load_policy(POLICY % (1, 500) if name is None else Path(name).read_text("utf-8"))

    def models(self, name=None):
        return lambda ref: [self._data]

    def windows_options(self):
        return {"memory_bytes": 1 << 24, "max_keys": 1 << 12, "max_entries": 1 << 12}

    def card_tokens(self):
        return None

    def rates(self):
        return None

    def inspection(self, storage):
        return Inspection(None, None, 300_000_000)

    def storage(self, *, write=True):
        assert not write
        return _Context(SimpleNamespace(events=self._log))


class _Context:
    def __init__(self, value):
        self._value = value

    def __enter__(self):
        return self._value

    def __exit__(self, *_):
        return None


def run(wiring, *words):
    found = CliRunner().invoke(cli, ["backtest", *map(str, words)], obj=lambda *_: wiring)
    if found.exception is not None:
        raise found.exception
    return found.stdout


def test_a_file_is_backtested_and_a_report_written(tmp_path):
    events, report = tmp_path / "events.csv", tmp_path / "report.html"
    events.write_text(EVENTS)
    other = tmp_path / "other.yaml"
    other.write_text(POLICY % (2, 700))
    labels = tmp_path / "labels.csv"
    labels.write_text("payment,label\np7,fraud\np9,fraud\np6,genuine\n")
    words = ["--events", events, "--labels", labels, "--against", other, "--report", report, "--lang", "hi"]
    shown = run(Wiring(), *words)
    assert "Policy small 1" in shown
    assert "It stops ₹700 more fraud and troubles 1 more genuine customers." in shown
    assert "2 payments get another answer" in shown
    assert '<html lang="hi">' in report.read_text("utf-8")
    found = decode_result(run(Wiring(), "--json", *words, "--alerts-per-day", "5"))
    assert found.candidate.actions["hold"].payments == 4
    assert found.against.actions["hold"].payments == 2
    assert found.costs.alerts_per_day == 5
    assert found.costs.review_minor == 5_000


def test_a_time_within_the_file_can_be_chosen(tmp_path):
    events = tmp_path / "events.csv"
    events.write_text(EVENTS)
    told = json.loads(
        run(Wiring(), "--json", "--events", events, "--from", "2026-01-02T10:05:00Z", "--to", "2026-01-02")
    )
    assert told["payments"] == 5


def test_the_log_is_backtested_against_the_policy_in_force(tmp_path):
    scored = ScoredLog()
    for number in range(12):
        scored.pay(f"p{number}", card="c1" if number % 2 else "c2", amount_minor=1_000 + 200_000 * number)
    candidate = tmp_path / "small.yaml"
    candidate.write_text(scored.text.replace("least: 0.5", "least: 0.9").replace("version: 1", "version: 2"))
    wiring = Wiring(scored.log, scored.data)
    found = decode_result(run(wiring, "--json", "--policy", candidate, "--against", "live"))
    assert (found.source.kind, found.payments) == ("log", 12)
    assert (found.candidate.version, found.against.version) == (2, 1)
    assert found.against.hash == scored.policy.content_hash
    assert found.against.model_hash == scored.model.hash
    then = [json.loads(entry.decision)["action"] for entry in scored.log.entries if entry.decision]
    assert {name: one.payments for name, one in found.against.actions.items()} == {
        name: then.count(name) for name in ("allow", "challenge", "hold", "block")
    }
    assert found.candidate.actions["hold"].payments < found.against.actions["hold"].payments
    assert found.labels.stopped_then == then.count("hold")
    assert found.difference.examples[0].seq > 2
    assert [curve.of for curve in found.candidate.curves] == ["score", "model"]
    assert "selective" not in {note.code for note in found.notes} or found.labels.labelled


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--labels", "x.csv"], "go with --events"),
        (["--events", "x.csv", "--from", "sometime"], "is not a date"),
        (["--events", "x.txt"], "must end in"),
        (["--events", "missing.csv"], "cannot be read"),
        (["--events", "missing.csv", "--report", "/nowhere/at/all/r.html"], "there is no folder"),
        (["--events", "missing.csv", "--out", "o.csv"], "must end in .parquet"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text(EVENTS)
    (tmp_path / "x.txt").write_text(EVENTS)
    with pytest.raises(InputInvalid, match=said):
        run(Wiring(), *words)
