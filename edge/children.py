"""A place for one child process of the supervisor, whichever fills it at the moment."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time

from edge import lifeline

QUICK_DEATH_S = 5.0  # a child that lived longer is replaced without delay
RESTART_DELAY_S = 0.1  # doubled at each quick death after the first
RESTART_DELAY_MAX_S = 5.0


class Child:
    """Starts `python -m module` with its orders, and knows when a successor is due."""

    def __init__(self, name: str, module: str, orders: lifeline.Orders) -> None:
        self.name = name
        self.due = 0.0
        self.code: int | None = None
        self._module, self._orders = module, orders
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._quick_deaths = 0

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def reason(self) -> str:
        if self.code is not None and self.code < 0:
            return f"killed by {signal.Signals(-self.code).name}"
        return f"exit code {self.code}"

    def start(self) -> None:
        listeners = self._orders.listener, self._orders.tls_listener
        with lifeline.hangups_held_back():
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                stdin=subprocess.PIPE,
                pass_fds=[listener for listener in listeners if listener >= 0],
            )
        self._started = time.monotonic()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died at once, and is replaced like any other
            lifeline.give(self._process.stdin, self._orders)

    def has_died(self) -> bool:
        """Whether the process ended since the last look; then `due` says when to start its successor."""
        if self._process is None or self._process.poll() is None:
            return False
        self.code = self._process.returncode
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process = None
        self.due = self._next_start()
        return True

    def restart_when_due(self) -> None:
        if self._process is None and time.monotonic() >= self.due:
            self.start()

    def end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _next_start(self) -> float:
        now = time.monotonic()
        self._quick_deaths = self._quick_deaths + 1 if now - self._started < QUICK_DEATH_S else 0
        if self._quick_deaths < 2:
            return now
        return now + min(RESTART_DELAY_S * 2 ** (self._quick_deaths - 2), RESTART_DELAY_MAX_S)
