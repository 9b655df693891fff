"""What all tables of the desk database share; each area has its tables in a module beside this one.

On PostgreSQL these tables lie in the same database as the log's, on SQLite in a file of their own, so that the work on
cases never waits for the log's write lock nor holds it. The migrations under `desk/migrations/versions` create them; a
test holds the two against each other.
"""

from __future__ import annotations

import sqlalchemy as sa

from satark.storage.tables import Serial

__all__ = ["METADATA", "Serial"]

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    },
)
