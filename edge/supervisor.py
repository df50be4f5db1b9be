"""Owns the listening sockets and the processes of one node's edge; serves nothing itself.

There is one SO_REUSEPORT socket per worker, bound here and kept for life. A worker inherits its own and a successor
takes the same one over, so connections that the kernel has queued for a dead process are answered by the next: an
accept queue dies with its socket's last descriptor, not with a process.

A child that ends on its own is replaced at once; one that keeps dying within seconds waits longer each time, up to a
cap (`edge.children`). One killed by SIGBUS, SIGSEGV or SIGABRT may have met damage in the link cache's file: the agent
is told to fetch a snapshot. Two within ten seconds mean that the file cannot be read safely: it stops being current.

SIGTERM or SIGINT: workers finish what is in flight and put their last records into the rings, then the agent is told,
so that it finds everything; all within STOP_S, after which what is left is killed. SIGHUP goes on to the workers, where
the edge has a certificate: they look at its files.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Sequence

from edge.children import Child
from edge.claims import bind_listeners, check_certificate, lock_data, make_ring_directory, open_listeners
from edge.config import EdgeConfig
from edge.lifeline import Orders
from edge.linkfiles import CURRENT, FATAL_SIGNALS, current_generation, mark_damaged
from shared.config import LogConfig
from shared.logs import get_logger

STOP_S = 9.5
AGENT_STOP_S = 5.0  # of STOP_S, kept for the agent when workers take long
FATAL_WINDOW_S = 10.0
AGENT_DELAY_S = 0.25  # at the start: what an agent imports takes a CPU for longer than a worker's start

_log = get_logger()


class Supervisor:
    """The processes of one edge: `run` returns when all of them have ended."""

    def __init__(self, config: EdgeConfig, log: LogConfig) -> None:
        self._config = config
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._stopping = False
        self._fatal_deaths: deque[float] = deque(maxlen=2)
        self._lock = lock_data(config.data_dir)
        make_ring_directory(config.data_dir, config.ring_dir)
        self._sockets = open_listeners(config.host, config.port, config.worker_count)
        self._tls_sockets = _tls_listeners(config)
        self._workers = [
            Child(f"worker {index}", "edge.worker", Orders(config, log, index, *self._descriptors_of(index)))
            for index in range(config.worker_count)
        ]
        self._agent = Child("agent", "edge.agent", Orders(config, log))

    def run(self) -> int:
        """Starts everything, replaces what dies, stops on SIGTERM or SIGINT. Returns the exit code."""
        self._listen_to_signals()
        for worker in self._workers:
            worker.start()
        self._agent.due = time.monotonic() + AGENT_DELAY_S  # visitors first; their records wait in the rings
        _log.info("edge listens", host=self._config.host, port=self._config.port, workers=len(self._workers))
        while not self._stopping:
            self._wait(self._next_restart_s())
            for child in (self._agent, *self._workers):
                if child.has_died():
                    self._note_death(child)
                child.restart_when_due()
        return self._stop()

    def _descriptors_of(self, index: int) -> list[int]:
        """The listening sockets of a worker: the plain one and, where there is one, that for TLS."""
        kinds = [sockets for sockets in (self._sockets, self._tls_sockets) if sockets]
        return [sockets[index % len(sockets)].fileno() for sockets in kinds]

    def _listen_to_signals(self) -> None:
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, self._on_signal)
        if self._tls_sockets:
            signal.signal(signal.SIGHUP, self._on_hangup)

    def _on_signal(self, number: int, _frame: object) -> None:
        """SIGCHLD only wakes `_wait`, by the descriptor."""
        if number != signal.SIGCHLD:
            self._stopping = True

    def _on_hangup(self, _number: int, _frame: object) -> None:
        """Files of the certificate have changed, says whoever sends this."""
        for worker in self._workers:
            worker.end(signal.SIGHUP)

    def _wait(self, timeout_s: float | None) -> None:
        """Until a signal came (a child's death is one), or the time is over."""
        ready, _, _ = select.select([self._wake_read], [], [], timeout_s)
        if ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_read, 4096)

    def _next_restart_s(self) -> float | None:
        now = time.monotonic()
        waits = [max(0.0, child.due - now) for child in (self._agent, *self._workers) if not child.is_running]
        return min(waits, default=None)

    def _note_death(self, child: Child) -> None:
        _log.warning("a process of the edge ended and will be replaced", child=child.name, reason=child.reason)
        if child.code is None or -child.code not in FATAL_SIGNALS:
            return
        with contextlib.suppress(OSError):  # a mark that cannot be made is no reason to end
            if generation := current_generation(self._config.links_dir):
                mark_damaged(self._config.links_dir / generation, f"{child.name} was {child.reason}")
        now = time.monotonic()
        self._fatal_deaths.append(now)
        if len(self._fatal_deaths) == 2 and now - self._fatal_deaths[0] <= FATAL_WINDOW_S:
            self._fatal_deaths.clear()
            self._set_cache_aside()

    def _set_cache_aside(self) -> None:
        """Links answer 503 until the agent has a snapshot: better than dying at every request."""
        _log.error("the link cache kills its readers; it is set aside and built anew from a snapshot")
        with contextlib.suppress(FileNotFoundError):
            (self._config.links_dir / CURRENT).unlink()
        self._agent.end(signal.SIGTERM)

    def _stop(self) -> int:
        deadline = time.monotonic() + STOP_S
        _log.info("edge stops")
        self._end_all(self._workers, deadline - AGENT_STOP_S)
        self._end_all([self._agent], deadline)
        for listener in (*self._sockets, *self._tls_sockets):
            listener.close()
        self._lock.close()
        return 0

    def _end_all(self, children: Sequence[Child], deadline: float) -> None:
        for child in children:
            child.end(signal.SIGTERM)
        while any(child.is_running and not child.has_died() for child in children):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._wait(left)
        for child in children:
            if child.is_running:
                _log.error("a process did not stop in time and is killed", child=child.name)
                child.end(signal.SIGKILL)


def _tls_listeners(config: EdgeConfig) -> list[socket.socket]:
    if not config.tls_port:
        return []
    check_certificate(config.tls_cert, config.tls_key)
    return bind_listeners(config.host, config.tls_port, config.worker_count)


def run(config: EdgeConfig, log: LogConfig | None = None) -> int:
    """Runs an edge in the foreground until SIGTERM or SIGINT. Raises CannotStart before anything was started."""
    return Supervisor(config, log or LogConfig()).run()
