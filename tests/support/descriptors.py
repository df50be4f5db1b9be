"""A process that has no file descriptors left."""

from __future__ import annotations

import os
import resource
from collections.abc import Generator
from contextlib import contextmanager, suppress


@contextmanager
def descriptors_left(count: int) -> Generator[None]:
    """This process gets `count` more descriptors for the length of a block, by the system's own limit."""
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = os.dup(0)
    held = [highest]
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1 + count, most))
    try:
        with suppress(OSError):
            while True:  # descriptors below the highest may be free as well
                held.append(os.dup(0))
        for _ in range(count):
            os.close(held.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
        for descriptor in held:
            os.close(descriptor)
