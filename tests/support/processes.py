"""Child processes of tests.

Three promises: what a child prints is kept and shown when something goes wrong; a child is always reaped, together
with whatever it forked; and no child outlives the test run, not even one that is killed with SIGKILL, because the
kernel is asked to signal the child when the process that started it dies (Linux; elsewhere only the first two hold).
"""

import ctypes
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

PR_SET_PDEATHSIG = 1
POLL_INTERVAL_S = 0.02
REQUEST_TIMEOUT_S = 2.0
LOG_TAIL_CHARACTERS = 4_000

_libc: ctypes.CDLL | None = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` after which the kernel sends `death_signal` to the child when its parent thread ends."""

    def ask_the_kernel() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(death_signal))

    return ask_the_kernel


@dataclass(frozen=True)
class Child:
    """A running child in a process group of its own, its stdout and stderr in `log`."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_running(self) -> bool:
        return self.process.poll() is None

    def output(self) -> str:
        """All that the child has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the child alone, not to what it forked."""
        self.process.send_signal(number)

    def terminate(self, timeout_s: float = 10.0) -> int:
        """Ask the child to stop (SIGTERM) and return its exit code.

        Raises AssertionError with the log's tail when it has not stopped in time; the child is killed then."""
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill_group()
            raise AssertionError(f"{self.describe()} ignored SIGTERM for {timeout_s} s") from None

    def kill(self) -> int:
        """`kill -9` of the child alone: what it forked goes on, as after a crash. Returns the exit code."""
        self.process.kill()
        return self.process.wait()

    def kill_group(self) -> None:
        """`kill -9` of the child and of all that it forked, and reap it."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def describe(self) -> str:
        """The command and the tail of its log, for a failure message."""
        command = " ".join(str(word) for word in self.process.args) if isinstance(self.process.args, list) else "child"
        return f"`{command}` (pid {self.pid}), whose log ends:\n{self.output()[-LOG_TAIL_CHARACTERS:]}\n"


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    descriptors: Sequence[int] = (),
) -> Child:
    """Start `command` and return at once; the caller ends it. `environment` is laid over this process's own;
    `descriptors` stay open in the child."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            pass_fds=descriptors,
            preexec_fn=die_with_parent(death_signal),
        )
    return Child(process, log)


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Generator[Child]:
    """`spawn` for the length of a block; at its end the child and all that it forked are killed and reaped."""
    child = spawn(command, log=log, environment=environment, directory=directory)
    try:
        yield child
    finally:
        child.kill_group()


def wait_until(condition: Callable[[], object], *, what: str, timeout_s: float = 10.0) -> None:
    """Poll until `condition()` holds. Raises AssertionError that names `what` was waited for."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s} s in vain for {what}")
        time.sleep(POLL_INTERVAL_S)


def wait_until_http(
    url: str, *, host: str | None = None, status: int = 200, child: Child | None = None, timeout_s: float = 15.0
) -> None:
    """Wait until a GET of `url` is answered with `status`.

    `host` is sent as Host header: `*.localhost` is a name that browsers resolve and Python does not, so `url` holds
    127.0.0.1 and `host` the name. With `child` given, its early end fails at once and its log is shown.
    """
    parts = urlsplit(url)
    assert parts.hostname is not None, f"{url} has no host"
    headers = {} if host is None else {"Host": host}
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    seen = "no answer"
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if child is not None and not child.is_running():
            raise AssertionError(f"{child.describe()}ended with {child.process.returncode} before it answered {url}")
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=REQUEST_TIMEOUT_S)
        try:
            connection.request("GET", target, headers=headers)
            answered = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            seen = repr(error)
        else:
            if answered == status:
                return
            seen = f"status {answered}"
        finally:
            connection.close()
        time.sleep(POLL_INTERVAL_S)
    whose = "" if child is None else f" from {child.describe()}"
    raise AssertionError(f"waited {timeout_s} s for {status} at {url}, last saw {seen}{whose}")
