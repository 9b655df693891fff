from __future__ import annotations

import stat

import pytest

from satark.core.errors import FolderUnusable, SettingInvalid
from satark.events.tokens import CardTokens
from satark.storage import Secrets, open_storage
from satark.storage.installation import load_secrets, write_secrets


def test_secrets_are_made_once_for_their_owner_alone_when_a_folder_is_new(tmp_path, opened):
    first = opened()
    file = tmp_path / "data" / "secrets.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "data" / "satark.db").stat().st_mode) == 0o600
    assert opened().secrets == first.secrets
    assert opened("other").secrets != first.secrets
    assert [path.name for path in (tmp_path / "data").glob(".*")] == []


def test_secrets_are_usable_and_hidden_when_made(opened):
    secrets = opened().secrets
    assert CardTokens.parse(secrets.card_keys).token("4111111111111111").startswith("tok_k1_")
    assert len(secrets.audit_key) == len(secrets.session_key) == 32
    assert 0 <= secrets.window_seed < 2**64
    for hidden in (secrets.card_keys, str(secrets.window_seed), repr(secrets.audit_key)):
        assert hidden not in repr(secrets)
    assert Secrets.parse(secrets.encode()) == secrets


def test_opening_is_refused_when_the_secrets_are_gone_or_of_another(tmp_path, opened):
    opened().close()
    file = tmp_path / "data" / "secrets.json"
    text = file.read_bytes()
    file.unlink()
    with pytest.raises(FolderUnusable, match="missing"):
        open_storage(tmp_path / "data")
    assert not file.exists()
    write_secrets(tmp_path / "data", Secrets.generate())
    with pytest.raises(FolderUnusable, match="not the secrets"):
        open_storage(tmp_path / "data")
    file.write_bytes(text)
    opened().close()


def test_no_file_is_written_when_the_settings_bring_the_secrets(tmp_path, opened):
    secrets = Secrets.generate()
    opened(secrets=secrets).close()
    assert not (tmp_path / "data" / "secrets.json").exists()
    assert opened(secrets=secrets).secrets == secrets


@pytest.mark.parametrize("text", [b"", b"{}", b"\xff", b'{"version":1}', b"[1]"])
def test_secrets_are_refused_when_their_file_is_not_of_the_form(tmp_path, text):
    (tmp_path / "secrets.json").write_bytes(text)
    with pytest.raises(SettingInvalid):
        load_secrets(tmp_path)


def test_secrets_are_refused_when_a_key_is_short():
    text = Secrets.generate().encode().decode()
    key = text.partition('"audit_key": "')[2][:64]
    with pytest.raises(SettingInvalid):
        Secrets.parse(text.replace(key, key[:32]))


def test_existing_secrets_stay_when_others_are_written(tmp_path):
    first = Secrets.generate()
    write_secrets(tmp_path, first)
    with pytest.raises(FolderUnusable):
        write_secrets(tmp_path, Secrets.generate())
    assert load_secrets(tmp_path) == first
