"""Databases that are copied and put back, as operators do it: the file of SQLite, the folder of a Postgres, a database
made from a template."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tests.support.installation import Installation
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.processes import wait_until_http


class Database(Protocol):
    """A database that can be copied and put back; both stop the control plane, or not, as that way needs it."""

    url: str

    def copy(self, made: Installation) -> None: ...
    def put_back(self, made: Installation) -> None: ...


class SqliteFile:
    url = ""

    def copy(self, made: Installation) -> None:
        stop_control(made)
        shutil.copy(made.sqlite_file, self._copy_of(made))
        made.start_control()

    def put_back(self, made: Installation) -> None:
        stop_control(made)
        for suffix in ("-wal", "-shm"):
            made.sqlite_file.with_name(made.sqlite_file.name + suffix).unlink(missing_ok=True)
        shutil.copy(self._copy_of(made), made.sqlite_file)
        made.start_control()

    def _copy_of(self, made: Installation) -> Path:
        return made.folder / "copy.sqlite3"


class PostgresFolder:
    """The server's files, exchanged while it is stopped and the control plane is not: the same epoch as before."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        server.execute("create database clicktrail")
        self.url = server.url("clicktrail").replace("+asyncpg", "")

    def copy(self, made: Installation) -> None:
        self._server.stop()
        shutil.copytree(self._server.data, self._copy, symlinks=True)
        self._server.start()

    def put_back(self, made: Installation) -> None:
        self._server.crash()
        shutil.rmtree(self._server.data)
        shutil.copytree(self._copy, self._server.data, symlinks=True)
        self._server.start()
        wait_until_http(f"{made.control_url}/readyz")

    @property
    def _copy(self) -> Path:
        return self._server.data.with_name("copy")


class PostgresTemplate:
    """A database made from another, as by `pg_restore` into a new one: it has another oid, thus another epoch."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        server.execute("create database clicktrail")
        self.url = server.url("clicktrail").replace("+asyncpg", "")

    def copy(self, made: Installation) -> None:
        stop_control(made)
        self._server.execute("create database copy template clicktrail")
        made.start_control()

    def put_back(self, made: Installation) -> None:
        stop_control(made)
        self._server.execute("drop database clicktrail with (force)")
        self._server.execute("create database clicktrail template copy")
        made.start_control()


def stop_control(made: Installation) -> None:
    assert made.control is not None
    made.control.terminate(timeout_s=20)


@contextmanager
def a_database(kind: str) -> Generator[Database]:
    """`sqlite file`, `postgres folder` or `postgres template`; the last two with a server of their own."""
    if kind == "sqlite file":
        yield SqliteFile()
        return
    with running_postgres(durable=True) as server:
        yield PostgresFolder(server) if kind == "postgres folder" else PostgresTemplate(server)
