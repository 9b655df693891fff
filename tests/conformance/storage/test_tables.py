from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from satark.storage.desk.opening import DESK_STEPS
from satark.storage.desk.tables.base import METADATA as DESK_METADATA
from satark.storage.migrate import LOG_STEPS
from satark.storage.tables import METADATA

DOWNWARDS = {"ix_cases_worklist", "ix_cases_queue", "ix_cases_assignee", "ix_cases_state"}
LINES = {"log": (METADATA, LOG_STEPS), "desk": (DESK_METADATA, DESK_STEPS)}


@pytest.mark.parametrize("line", LINES)
def test_tables_are_as_the_code_says_when_all_steps_have_run(backend, line):
    metadata, steps = LINES[line]
    engine = (backend.open() if line == "log" else backend.open_desk()).engines.read
    with engine.connect() as connection:
        options = {
            "compare_type": True,
            "version_table": steps.version_table,
            # On PostgreSQL both lines lie in one database.
            "include_name": lambda name, kind, _: kind != "table" or name in metadata.tables,
            # Alembic cannot compare an index that goes downwards; their names are compared below.
            "include_object": lambda _, name, kind, *__: kind != "index" or name not in DOWNWARDS,
        }
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, metadata)
        if backend.kind == "sqlite":
            # The log's lookups are in a file beside it.
            differences = [
                one for one in differences if one[0] != "add_index" or one[1].table.name != "events"
            ]
        assert differences == []
        made = sa.inspect(connection)
        for table in metadata.sorted_tables:
            nullable = {column["name"]: column["nullable"] for column in made.get_columns(table.name)}
            assert nullable == {column.name: column.nullable for column in table.columns}
            if line == "desk":
                assert {str(index.name) for index in table.indexes} <= _indexes(connection, table.name)
            assert made.get_pk_constraint(table.name)["constrained_columns"] == [
                column.name for column in table.primary_key.columns
            ]


@pytest.mark.parametrize("line", LINES)
def test_the_newest_step_is_the_one_that_the_code_names(line):
    _, steps = LINES[line]
    assert ScriptDirectory(str(steps.folder)).get_heads() == [steps.head]


def test_both_lines_have_tables_of_their_own():
    assert not METADATA.tables.keys() & DESK_METADATA.tables.keys()


def test_a_desk_and_a_log_stand_beside_each_other_in_one_place(backend):
    with backend.open() as storage, backend.open_desk() as desk:
        storage.audit.append(actor="asha", action="tested")
        desk.audit.append(actor="asha", action="tested")
        assert (storage.audit.head().audit_seq, desk.audit.head()[0]) == (1, 1)


def _indexes(connection, table):
    """Return the names of a table's indexes, also of those that SQLAlchemy does not read on SQLite."""
    if connection.dialect.name == "sqlite":
        query = sa.text(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql <> ''"
        )
    else:
        query = sa.text(
            "SELECT indexname FROM pg_indexes WHERE tablename = :table AND indexname NOT LIKE 'pk%'"
        )
    return set(connection.scalars(query, {"table": table}))
