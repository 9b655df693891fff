from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
import threading

import pytest
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from satark.core.errors import StorageUnavailable
from satark.storage import open_storage
from satark.storage.engines import sqlite_engines, waiting_for_others
from satark.storage.migrate import HEAD, migrate, script_folder
from satark.storage.tables import METADATA


def test_head_is_the_newest_step_when_the_scripts_are_read():
    assert ScriptDirectory(str(script_folder())).get_current_head() == HEAD


def test_steps_follow_each_other_when_an_older_installation_is_opened(tmp_path, opened):
    (tmp_path / "data").mkdir()
    storage = opened("other")
    secrets = storage.secrets
    engines = sqlite_engines(tmp_path / "data" / "satark.db", read_only=False)
    migrate(engines, target="0001")
    engines.dispose()
    later = opened(secrets=secrets)
    assert later.keys.list() == []


def test_tables_are_made_once_when_many_open_at_the_same_time(tmp_path):
    failures = []

    def work():
        try:
            open_storage(tmp_path / "data").close()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test fails on it
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with open_storage(tmp_path / "data") as storage:
        assert storage.audit.verify().ok


def test_folder_opens_when_migrations_were_killed_at_every_statement(tmp_path):
    """A child is killed (kill -9) before each statement of the migration in turn, on the same folder."""
    program = textwrap.dedent("""
        import os, pathlib, signal, sys
        import alembic.autogenerate, alembic.config, alembic.runtime.environment, alembic.script
        import sqlalchemy as sa
        from satark.storage import open_storage

        folder = pathlib.Path(sys.argv[1])
        kills = 0
        while True:
            child = os.fork()
            if child == 0:
                left = [kills]
                def die(connection, cursor, statement, *_):
                    if statement.strip().startswith(("CREATE", "INSERT", "UPDATE")):
                        left[0] -= 1
                        if left[0] < 0:
                            os.kill(os.getpid(), signal.SIGKILL)
                sa.event.listen(sa.Engine, "before_cursor_execute", die)
                open_storage(folder).close()
                os._exit(0)
            _, status = os.waitpid(child, 0)
            if os.WIFEXITED(status):
                print(kills, os.WEXITSTATUS(status))
                break
            kills += 1
    """)
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "data")], capture_output=True, text=True, check=True
    )
    kills, status = map(int, done.stdout.split())
    assert status == 0
    assert kills > len(METADATA.tables)
    with open_storage(tmp_path / "data") as storage:
        assert storage.keys.list() == []


def test_nothing_is_left_when_a_migration_fails_in_its_middle(tmp_path, monkeypatch):
    real = Operations.create_table

    def create(self, name, *columns, **options):
        if name == "staff":
            raise OSError(28, "No space left on device")
        return real(self, name, *columns, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Operations, "create_table", create)
        with pytest.raises(StorageUnavailable, match="No space"):
            open_storage(tmp_path)
    with sqlite3.connect(tmp_path / "satark.db") as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()
    open_storage(tmp_path).close()


def test_opening_waits_when_another_has_the_database_locked(tmp_path):
    """A connection in exclusive mode lets nobody in, and SQLite then refuses at once or after its own short wait."""
    open_storage(tmp_path).close()
    holder = sqlite3.connect(tmp_path / "satark.db", check_same_thread=False, isolation_level=None)
    holder.execute("PRAGMA busy_timeout = 0")
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    tries = []

    def work():
        tries.append("try")
        if len(tries) == 3:
            holder.close()
        connection = sqlite3.connect(tmp_path / "satark.db", timeout=0)
        try:
            return connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        finally:
            connection.close()

    assert waiting_for_others(work) == "wal"
    assert len(tries) == 3


def test_opening_gives_up_when_something_else_is_wrong(tmp_path):
    tries = []

    def work():
        tries.append("try")
        connection = sqlite3.connect(tmp_path / "new.db")
        try:
            connection.execute("SELECT * FROM no_such_table")
        finally:
            connection.close()

    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        waiting_for_others(work)
    assert tries == ["try"]
