"""`satark models` and `satark features` at the terminal."""

from __future__ import annotations

import json
import sys

import polars as pl
import pytest
from tests.support.foreign_models import onnx_bytes
from tests.support.models import logistic_bytes, near_bytes

from satark.app.main import make_wiring
from satark.cli import cli, run, trying
from satark.core.errors import ModelInvalid
from satark.models import load_model, read_model

SCHEMA = """
schema: 1
model: outside
inputs:
  rupees: {value: amount / 100, missing: 0}
  card_10m: {value: card_payments_10m, missing: 0}
  night: {value: is_night, missing: 0}
  method: {value: method, categories: [card, upi], missing: -1}
output: {kind: probability, positive: 1, name: probabilities}
notes: of the card team
"""


@pytest.fixture
def terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SATARK_HOME", str(tmp_path / "home"))
    (tmp_path / "m.onnx").write_bytes(onnx_bytes())
    (tmp_path / "s.yaml").write_text(SCHEMA)

    def call(*words):
        code = run(cli, [str(word) for word in words], make_wiring, tmp_path)
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


@pytest.fixture
def here(monkeypatch):
    """Let the import be tried in this process, which has its libraries loaded already."""
    from satark.models.adapters import import_model

    def apart(data, schema, *, base_currency, file):
        made = import_model(data, schema, base_currency=base_currency, file=file)
        return made.model, made.blocks

    monkeypatch.setattr(trying, "import_apart", apart)


def test_model_is_brought_in_listed_shown_and_verified(terminal, tmp_path, here):
    code, out, _ = terminal(
        "models", "import", tmp_path / "m.onnx", "--schema", tmp_path / "s.yaml", "--json"
    )
    assert code == 0
    told = json.loads(out)
    assert told["kind"] == "onnx"
    path = tmp_path / "home" / "models" / f"{told['hash']}.model"
    assert told["path"] == str(path)
    assert read_model(path).hash == told["hash"]
    assert terminal("models", "list")[1].split()[4:8] == [told["hash"][:12], "outside", "onnx", "4"]
    shown = terminal("models", "show", told["hash"][:8])[1]
    assert "amount / 100" in shown
    assert "notes: of the card team" in shown
    code, out, _ = terminal(
        "models", "verify", f"sha256:{told['hash']}", "--policy", "payments", "--hash", told["hash"]
    )
    assert (code, "fits payments" in out) == (0, True)


def test_policy_names_the_model_that_was_written(terminal, tmp_path, here):
    out = terminal(
        "models",
        "import",
        tmp_path / "m.onnx",
        "--schema",
        tmp_path / "s.yaml",
        "--out",
        tmp_path / "x.model",
    )[1]
    line = next(line for line in out.splitlines() if "model: {" in line)
    policy = (
        "policy: p\nversion: 1\nfeatures:\n  card_payments_10m: count() by card over 10m\n"
        f"{line.strip()}\nrules:\n  likely: {{when: model_score > 0.9, action: hold, "
        'reason: {en: "likely fraud", hi: "धोखाधड़ी की आशंका"}}\n'
    )
    (tmp_path / "p.yaml").write_text(policy)
    code, out, err = terminal("policy", "lint", tmp_path / "p.yaml")
    assert code == 0, err
    code, _, err = terminal("models", "verify", tmp_path / "x.model", "--policy", tmp_path / "p.yaml")
    assert code == 0, err


def test_model_file_is_kept_and_known_by_its_hash(terminal, tmp_path):
    (tmp_path / "near.model").write_bytes(near_bytes())
    code, out, err = terminal("models", "keep", tmp_path / "near.model")
    assert code == 0, err
    line = out.splitlines()[-1].strip()
    policy = "policy: p\nversion: 1\n" + line + "\nrules:\n  r: {when: model_score > 0.9, action: hold, "
    (tmp_path / "p.yaml").write_text(policy + 'reason: {en: "x", hi: "x"}}\n')
    (tmp_path / "near.model").unlink()
    assert terminal("policy", "lint", tmp_path / "p.yaml")[0] == 0
    shown = terminal("models", "show", load_model(near_bytes()).hash)[1]
    assert "customer_near_merchant  str    customer, merchant: how near  (usually 0.5)" in shown
    # Once more is no mistake.
    (tmp_path / "near.model").write_bytes(near_bytes())
    code, out, _ = terminal(
        "models", "keep", tmp_path / "near.model", "--policy", tmp_path / "p.yaml", "--json"
    )
    assert (code, json.loads(out)["hash"]) == (0, load_model(near_bytes()).hash)


def test_file_that_is_no_model_or_does_not_fit_is_not_kept(terminal, tmp_path):
    (tmp_path / "x.model").write_bytes(near_bytes()[:-1])
    assert terminal("models", "keep", tmp_path / "x.model")[0] == 65
    assert terminal("models", "keep", tmp_path / "none.model")[0] == 65
    (tmp_path / "x.model").write_bytes(logistic_bytes())
    code, _, err = terminal("models", "keep", tmp_path / "x.model", "--policy", "payments")
    assert (code, "card_mean" in err) == (65, True)
    assert not (tmp_path / "home" / "models").exists()


def test_model_is_refused_when_the_policy_counts_something_else(terminal, tmp_path, here):
    terminal(
        "models",
        "import",
        tmp_path / "m.onnx",
        "--schema",
        tmp_path / "s.yaml",
        "--out",
        tmp_path / "x.model",
    )
    (tmp_path / "p.yaml").write_text(
        "policy: p\nversion: 1\nfeatures:\n  card_payments_10m: count() by card over 20m\nrules:\n"
        '  r: {when: card_payments_10m > 9, action: hold, reason: {en: "x", hi: "x"}}\n'
    )
    code, _, err = terminal("models", "verify", tmp_path / "x.model", "--policy", tmp_path / "p.yaml")
    assert (code, "not what the model was trained with" in err) == (65, True)


def test_mistakes_of_a_schema_are_all_told(terminal, tmp_path):
    (tmp_path / "s.yaml").write_text(SCHEMA.replace("amount / 100", "amuont").replace("is_night", "is_nihgt"))
    code, _, err = terminal("models", "import", tmp_path / "m.onnx", "--schema", tmp_path / "s.yaml")
    assert code == 65
    assert [line.count("did you mean") for line in err.splitlines()] == [1, 1, 1]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("verify", "0123456789abcdef"), 66, "there is no model"),
        (("verify", "../../etc/passwd/x"), 66, "there is no model"),
        (("show", "m.onnx"), 65, "not a model file of Satark"),
        (("import", "none.onnx", "--schema", "s.yaml"), 65, "cannot be read"),
        (("import", "mlflow:runs:/x", "--schema", "s.yaml"), 65, "not the address"),
    ],
)
def test_command_says_so_when_there_is_no_such_model(terminal, tmp_path, monkeypatch, words, code, told):
    monkeypatch.chdir(tmp_path)
    found, _, err = terminal("models", *words)
    assert (found, told in err) == (code, True), err


def test_damaged_model_is_told_by_list_and_verify(terminal, tmp_path, here):
    out = terminal("models", "import", tmp_path / "m.onnx", "--schema", tmp_path / "s.yaml", "--json")[1]
    told = json.loads(out)
    path = tmp_path / "home" / "models" / f"{told['hash']}.model"
    data = bytearray(path.read_bytes())
    data[-3] ^= 4
    path.write_bytes(bytes(data))
    code, _, err = terminal("models", "verify", told["hash"])
    assert (code, "damaged" in err) == (65, True)
    code, out, _ = terminal("models", "list")
    assert (code, "damaged" in out) == (0, True)


def test_import_in_a_process_of_its_own_gives_the_same_model(tmp_path):
    from tests.support.foreign_models import onnx_schema

    from satark.models.adapters import import_model

    alone, blocks = trying.import_apart(onnx_bytes(), onnx_schema(), base_currency="INR", file="m.onnx")
    assert alone.data == import_model(onnx_bytes(), onnx_schema(), base_currency="INR").data
    assert blocks
    with pytest.raises(ModelInvalid, match="runs any code"):
        trying.import_apart(b"\x80\x04.", onnx_schema(), base_currency="INR", file="m.onnx")


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import time; time.sleep(60)", "without an end"),
        ("import os; os.abort()", "did not survive"),
        ("print('not an answer')", "did not survive"),
    ],
)
def test_import_is_refused_when_its_process_hangs_or_dies(tmp_path, monkeypatch, program, told):
    from tests.support.foreign_models import onnx_schema

    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{program}"\n')
    fake.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(fake))
    with pytest.raises(ModelInvalid, match=told):
        trying.import_apart(onnx_bytes(), onnx_schema(), base_currency="INR", file="m.onnx", seconds=2)


def test_features_are_exported(terminal, tmp_path):
    (tmp_path / "e.jsonl").write_text(
        '{"type":"payment","id":"p1","occurred_at":"2026-01-01T00:00:00Z","amount_minor":100,"method":"upi"}\n'
        '{"type":"label","id":"l1","event":"p1","label":"fraud","reporter":"bank",'
        '"reported_at":"2026-01-03T00:00:00Z"}\n'
    )
    out = tmp_path / "f.parquet"
    code, shown, err = terminal(
        "features", "export", tmp_path / "e.jsonl", "--out", out, "--label-delay", "2d", "--also", "customer"
    )
    assert code == 0, err
    assert "known 2d later: 1 fraud, 0 genuine" in shown
    frame = pl.read_parquet(out)
    assert frame.select("id", "amount", "customer", "label").rows() == [("p1", 100, None, "fraud")]
    code, _, err = terminal("features", "export", tmp_path / "e.jsonl", "--out", out, "--label-delay", "soon")
    assert (code, "no span of time" in err) == (2, True)
