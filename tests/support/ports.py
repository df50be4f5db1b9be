"""Ports for servers that a test starts."""

import os
import random
import socket
from collections import deque

FIRST_PORT = 20_000
LAST_PORT = 32_000
"""Below Linux's ephemeral range (32 768 and up), so that no outgoing connection of a load test can take a port
between its choice here and the server's own bind."""

ATTEMPTS = 1_000
WORKERS = 16  # more would share ranges

_chance = random.SystemRandom()  # hypothesis seeds the module's own, and parallel workers would draw the same ports
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
_recent: deque[int] = deque(maxlen=(LAST_PORT - FIRST_PORT) // WORKERS // 2)


def free_port() -> int:
    """A TCP port that nothing on this machine listens on. Parallel workers of a run draw from ranges of their own, and
    separate runs at random, so that they rarely meet. None is given again soon: a test may ask for several before its
    first server listens.

    Raises RuntimeError when a thousand tries found none."""
    for _ in range(ATTEMPTS):
        port = _chance.randrange(FIRST_PORT + _worker % WORKERS, LAST_PORT, WORKERS)
        if port in _recent:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
        _recent.append(port)
        return port
    raise RuntimeError(f"no free TCP port between {FIRST_PORT} and {LAST_PORT} after {ATTEMPTS} tries")
