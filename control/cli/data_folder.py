"""The data folder: made, checked and locked at start, so that nothing fails half-way later.

With SQLite one process alone may write the database, and it holds an exclusive lock on a file in the folder for as long
as it lives. The kernel drops the lock with the process, however that ends, so there are no stale ones.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from control.cli.failure import CliError

LOCK_FILE = "clicktrail.lock"
SECRET_FILE = "secret"
SECRET_BYTES = 32


class DataFolderInUse(CliError):
    """Another process has this folder's SQLite database open."""


def open_data_folder(folder: Path) -> Path:
    """The folder, made when missing and readable by its owner alone. Raises CliError where it can't be written."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CliError(
            f"the data folder {folder} cannot be written: {error.strerror}; choose another with --data"
        ) from None
    return folder


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Holds the folder for this process alone. Raises DataFolderInUse."""
    with (folder / LOCK_FILE).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise DataFolderInUse(
                f"the database in {folder} is in use by another clicktrail process (pid {holder}); stop that one first"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        file.truncate(0)


def read_secret(folder: Path) -> bytes:
    """The 32 bytes that key every keyed hash of this installation, made at first start. Raises CliError."""
    path = folder / SECRET_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    except OSError as error:
        raise CliError(f"{path} cannot be written: {error.strerror}") from None
    else:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise CliError(f"{path} has {len(secret)} bytes instead of {SECRET_BYTES}; restore it from a backup")
    return secret
