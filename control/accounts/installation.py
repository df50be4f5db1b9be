"""Ties a database to the secret that its keyed hashes were made with.

The secret lies in the data folder, apart from the database. With another one, event keys would not be recognised any
more and repeated conversions would count twice; so a start with the wrong one is refused.
"""

from __future__ import annotations

import hmac

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from control.store.schema import installation
from control.store.upsert import insert_ignore


class WrongSecret(Exception):
    """The data folder's secret is not the one that this database was begun with."""


async def check_secret(connection: AsyncConnection, secret: bytes, now_ms: int) -> None:
    """Remembers the secret of a new database, by a hash; raises WrongSecret when it is another one later."""
    check = hmac.digest(secret, b"installation", "sha256")
    await insert_ignore(connection, installation, [{"id": 1, "secret_check": check, "created_ms": now_ms}])
    stored: bytes = (await connection.execute(select(installation.c.secret_check))).scalar_one()
    if not hmac.compare_digest(check, stored):
        raise WrongSecret
