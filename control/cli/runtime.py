"""From configuration to an open control plane, and back: what every command that touches the database begins with."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from control.accounts.installation import WrongSecret, check_secret
from control.cli.data_folder import locked, open_data_folder, read_secret
from control.cli.failure import CliError
from control.config import ControlConfig
from control.edges.wake import FeedWake
from control.ingest.turns import AT_ONCE, Turns
from control.services import Services
from control.store.engine import Database
from control.store.migrate import DatabaseIsNewer, upgrade
from shared.clock import wall_ms


@asynccontextmanager
async def open_services(config: ControlConfig) -> AsyncGenerator[Services]:
    """Everything that handlers and jobs share, over an up-to-date database. Raises CliError."""
    folder = open_data_folder(config.data_path)
    with ExitStack() as held:
        if _backend(config) == "sqlite":
            held.enter_context(locked(folder))
        secret = read_secret(folder)
        database = await _open_database(config)
        try:
            await _prepare(database, secret)
            feed = FeedWake(database)
            await feed.start()
            try:
                yield Services(database, config, folder, secret, feed, Turns(AT_ONCE[database.dialect]))
            finally:
                await feed.close()
        finally:
            await database.close()


def _backend(config: ControlConfig) -> str:
    try:
        backend = make_url(config.database_url).get_backend_name()
    except ArgumentError:
        backend = ""
    if backend not in ("sqlite", "postgresql"):
        raise CliError("[control] database must be like postgresql://user:password@host/name or sqlite:///file")
    return backend


async def _open_database(config: ControlConfig) -> Database:
    shown = make_url(config.database_url).render_as_string(hide_password=True)
    try:
        return await Database.open(config.database_url)
    except (OSError, SQLAlchemyError) as error:
        raise CliError(f"the database {shown} cannot be opened: {_reason(error)}") from None


async def _prepare(database: Database, secret: bytes) -> None:
    try:
        await upgrade(database)
        async with database.transaction() as connection:
            await check_secret(connection, secret, wall_ms())
    except DatabaseIsNewer as error:
        raise CliError(str(error)) from None
    except WrongSecret:
        raise CliError(
            "the file `secret` in the data folder is not the one that this database was begun with; "
            "copy it from the data folder of another control process or from a backup"
        ) from None
    except SQLAlchemyError as error:
        raise CliError(f"the database cannot be brought up to date: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """The driver's own words, in one line."""
    original = getattr(error, "orig", None) or error
    return " ".join(str(original).split()) or type(original).__name__
