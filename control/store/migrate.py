"""Bringing a database to the schema of this code. Forward only: going back is restoring a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from control.store.engine import Database

_MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseIsNewer(Exception):
    """The database was last written by a later version of the code."""


async def upgrade(database: Database) -> None:
    """Applies what is missing, in one transaction; two processes at once wait for each other.

    Raises DatabaseIsNewer when the database is at a revision that this code doesn't know.
    """
    async with database.transaction() as connection:
        if database.dialect == "postgresql":
            await connection.execute(text("select pg_advisory_xact_lock(hashtext('clicktrail.migrate'))"))
        await connection.run_sync(_upgrade)


def alembic_config(connection: Connection) -> Config:
    """What Alembic's commands need to work on this connection."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    config = alembic_config(connection)
    revisions = ScriptDirectory.from_config(config)
    known = {script.revision for script in revisions.walk_revisions()}
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known:
        raise DatabaseIsNewer(
            f"the database is at schema {current}, which this version does not know: install the newer one"
        )
    if current != revisions.get_current_head():
        command.upgrade(config, "head")


def difference(connection: Connection) -> list[Any]:
    """How the database differs from `control.store.schema`: empty when migrations and schema agree."""
    from alembic.autogenerate import compare_metadata

    from control.store.schema import metadata

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return compare_metadata(context, metadata)
