"""The demo's data folder: a file in it says that it is a demo's, so that no other installation is ever touched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec

from control.cli.data_folder import LOCK_FILE, locked
from control.cli.failure import CliError

MARK_FILE = "demo.json"


class ShopKeys(msgspec.Struct, frozen=True):
    """What the shop needs from one start to the next."""

    publishable_key: str
    secret_key: str


class Mark(msgspec.Struct, frozen=True):
    """`keys` is there once the history is complete."""

    keys: ShopKeys | None = None


def begin(folder: Path, *, fresh: bool) -> ShopKeys | None:
    """The keys of a complete demo, or None where its history is still to be made, in a folder that is empty then.

    Raises CliError for a folder with something else in it.
    """
    mark = _read(folder)
    if mark is None and folder.is_dir() and any(folder.iterdir()):
        raise CliError(f"{folder} has something else in it; choose another folder with --data")
    if mark is not None and mark.keys is not None and not fresh:
        return mark.keys
    if mark is not None:
        _empty(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder, Mark())
    return None


def complete(folder: Path, keys: ShopKeys) -> None:
    """The history is whole; later starts go on with it."""
    _write(folder, Mark(keys))


def _read(folder: Path) -> Mark | None:
    try:
        return msgspec.json.decode((folder / MARK_FILE).read_bytes(), type=Mark)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except msgspec.DecodeError as error:
        raise CliError(f"{folder / MARK_FILE} is damaged ({error}); delete {folder} to begin again") from None


def _write(folder: Path, mark: Mark) -> None:
    draft = folder / f"{MARK_FILE}.new"
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(mark))
        draft.replace(folder / MARK_FILE)
    except OSError as error:
        raise CliError(f"the data folder {folder} cannot be written: {error.strerror}") from None


def _empty(folder: Path) -> None:
    with locked(folder):  # a demo that is running keeps its data
        for entry in folder.iterdir():
            if entry.name == LOCK_FILE:
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
