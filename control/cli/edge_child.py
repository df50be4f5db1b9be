"""The edge of the all-in-one, as a child process: started with a token of its own, replaced when it dies, stopped last.

It runs in a session of its own, so that Ctrl-C in the terminal reaches `up` alone, which stops things in order. On
Linux the kernel tells the edge to stop when `up` dies without a word; elsewhere it would go on redirecting.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Mapping

from control.cli.failure import CliError
from shared.logs import get_logger
from shared.missing import USAGE_ERROR

STOP_S = 11.0  # an edge stops by itself within 10 s
RESTART_S = 1.0
_PR_SET_PDEATHSIG = 1

log = get_logger()


class EdgeChild:
    """One edge process. `run` keeps it running; `stop` ends it."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._environment = {**os.environ, **settings}
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    async def run(self) -> None:
        """Replaces the edge whenever it ends. Raises CliError when it says that it cannot start at all."""
        while not self._stopping:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "edge",
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
            code = await self._process.wait()
            if code == USAGE_ERROR:
                raise CliError("the edge could not start; it said why above")
            if not self._stopping:
                log.error("the edge ended and will be started again", exit_code=code, retry_s=RESTART_S)
                await asyncio.sleep(RESTART_S)

    async def stop(self) -> None:
        """Asks the edge to stop and waits; it has shipped or kept everything then."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            log.error("the edge did not stop in time and is killed", timeout_s=STOP_S)
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


# Loaded before the fork: between fork and exec little more than a system call is safe.
_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
