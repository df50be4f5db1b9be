"""Ports for servers that a test starts."""

import random
import socket

FIRST_PORT = 20_000
LAST_PORT = 32_000
"""Below Linux's ephemeral range (32 768 and up), so that no outgoing connection of a load test can take a port
between its choice here and the server's own bind."""

ATTEMPTS = 1_000


def free_port() -> int:
    """A TCP port that nothing on this machine listens on. Random, so that parallel test runs rarely meet.

    Raises RuntimeError when a thousand tries found none."""
    for _ in range(ATTEMPTS):
        port = random.randrange(FIRST_PORT, LAST_PORT)
        with socket.socket() as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
        return port
    raise RuntimeError(f"no free TCP port between {FIRST_PORT} and {LAST_PORT} after {ATTEMPTS} tries")
