from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from satark.storage.tables import METADATA


def test_tables_are_as_the_code_says_when_all_steps_have_run(backend):
    engine = backend.open().engines.read
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, METADATA)
        if backend.kind == "sqlite":
            # The log's lookups are in a file beside it.
            differences = [
                one for one in differences if one[0] != "add_index" or one[1].table.name != "events"
            ]
        assert differences == []
        made = sa.inspect(connection)
        for table in METADATA.sorted_tables:
            nullable = {column["name"]: column["nullable"] for column in made.get_columns(table.name)}
            assert nullable == {column.name: column.nullable for column in table.columns}
            assert made.get_pk_constraint(table.name)["constrained_columns"] == [
                column.name for column in table.primary_key.columns
            ]
