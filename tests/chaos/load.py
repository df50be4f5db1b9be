"""Visitors for chaos tests: `python -m tests.chaos.load …` follows links and writes down what it was answered.

A process of its own, so that its pace doesn't depend on the test's. Each connection asks again and again, evenly in
time; a connection that breaks is made anew. Only the click id of an answer that arrived whole is written down: these
clicks must never be lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from contextlib import suppress
from pathlib import Path

import uvloop

AGENT = (
    "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36\r\nAccept: text/html\r\nAccept-Language: de-DE,de;q=0.9,en;q=0.8\r\n"
)
CLICK_ID = re.compile(rb"^HTTP/1\.1 302 .*?[#=~;? ](?:ct_|ct=|_ct=)([A-Za-z0-9_-]{22})", re.DOTALL).search
RECONNECT_S = 0.02


class Visitors:
    """What all connections share: the request, the tally, the file."""

    def __init__(self, port: int, host: str, path: str, answered: Path) -> None:
        self.port = port
        self.request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{AGENT}\r\n".encode()
        self.file = answered.open("wb")
        self.asked = self.redirected = self.refused = self.broken = 0
        self.took_s: list[float] = []

    async def visit(self, interval_s: float, offset_s: float, until: float) -> None:
        """One connection's life."""
        due = time.monotonic() + offset_s
        while (now := time.monotonic()) < until:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                self.broken += 1
                await asyncio.sleep(RECONNECT_S)
                continue
            with suppress(OSError, asyncio.IncompleteReadError):
                while (now := time.monotonic()) < until:
                    if due > now:
                        await asyncio.sleep(due - now)
                    due = max(due + interval_s, time.monotonic() - interval_s)
                    await self._ask(reader, writer)
            writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        began = time.monotonic()
        writer.write(self.request)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError):
            self.broken += 1
            raise
        self.took_s.append(time.monotonic() - began)
        found = CLICK_ID(head)
        if found is None:
            self.refused += 1
            raise OSError("not a redirect")
        self.redirected += 1
        self.file.write(found[1] + b"\n")


async def run(options: argparse.Namespace) -> None:
    visitors = Visitors(options.port, options.host, options.path, options.answered)
    until = time.monotonic() + options.seconds
    interval_s = options.connections / options.rate
    lives = (
        visitors.visit(interval_s, interval_s * at / options.connections, until) for at in range(options.connections)
    )
    await asyncio.gather(*lives)
    visitors.file.close()
    counts = {name: getattr(visitors, name) for name in ("asked", "redirected", "refused", "broken")}
    took_s = sorted(visitors.took_s) or [0.0]
    times = {"p99_s": took_s[len(took_s) * 99 // 100], "slowest_s": took_s[-1]}
    print(json.dumps({**counts, **times, "per_second": visitors.redirected / options.seconds}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--rate", type=float, required=True, help="requests a second, over all connections")
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--answered", type=Path, required=True, help="file for the click ids of whole answers")
    uvloop.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
