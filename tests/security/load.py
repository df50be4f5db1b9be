"""Visitors for security tests: `python -m tests.security.load …` follows one link and prints a line of JSON.

A process of its own, so that its pace doesn't depend on the test's. *Newcomers* open a connection for each visit;
*regulars* keep theirs. Visits are due at even intervals, and a late one is counted from when it was due, so that a
server that stops for a while is seen by all who would have come meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from tests.edge.building import HOST
from tests.security.crafted.request import BROWSER
from tests.support.imports import ROOT
from tests.support.processes import Child, running

VISIT_MAX_S = 30.0
_click_id = re.compile(rb"^HTTP/1\.1 302 .*?#ct_([A-Za-z0-9_-]{22})", re.DOTALL).search


@dataclass
class Visitors:
    """Who comes, how often, and what they met."""

    port: int
    rate: float
    seconds: float
    connections: int
    sources: int  # addresses that they come from: 127.0.0.1 and so on
    newcomers: bool
    met: Counter[str] = field(default_factory=Counter[str])
    waited_ms: list[float] = field(default_factory=list[float])
    ids: list[bytes] = field(default_factory=list[bytes])

    async def visit_all(self) -> None:
        began = time.monotonic()
        interval_s = self.connections / self.rate
        starts = (began + interval_s * at / self.connections for at in range(self.connections))
        await asyncio.gather(*(self._live(at, start, interval_s) for at, start in enumerate(starts)))

    async def _live(self, number: int, due: float, interval_s: float) -> None:
        """One visitor's visits."""
        end = due + self.seconds
        held: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while due < end:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            try:
                if held is None:
                    source = (f"127.0.0.{1 + number % self.sources}", 0)
                    held = await asyncio.open_connection("127.0.0.1", self.port, local_addr=source)
                self._note(await asyncio.wait_for(self._ask(*held), VISIT_MAX_S), due)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                self.met[type(error).__name__] += 1
                if held is not None:
                    held[1].close()
                held = None
            if self.newcomers and held is not None:
                held[1].close()
                held = None
            due += interval_s

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        if self.newcomers:
            await reader.read()  # the server closes
        return head

    @property
    def _request(self) -> bytes:
        lines = (f"Host: {HOST}".encode(), *BROWSER, b"Connection: close" if self.newcomers else b"Accept-Encoding: br")
        return b"\r\n".join((b"GET /spring HTTP/1.1", *lines, b"", b""))

    def _note(self, head: bytes, due: float) -> None:
        found = _click_id(head)
        self.met["redirected" if found else head.split(b"\r\n")[0].decode("latin-1")] += 1
        if found:
            self.ids.append(found[1])
            self.waited_ms.append((time.monotonic() - due) * 1_000)

    def summary(self) -> dict[str, Any]:
        waited = sorted(self.waited_ms) or [0.0]
        at = {f"p{share}": round(waited[min(len(waited) - 1, len(waited) * share // 100)], 2) for share in (50, 99)}
        return {"met": dict(self.met), **at, "max": round(waited[-1], 2)}


@contextmanager
def load(
    port: int, folder: Path, *, rate: float, seconds: float, connections: int = 50, newcomers: bool = False
) -> Generator[tuple[Child, Path]]:
    """Visitors for the length of a block, at whose end they have finished; and the file of the ids they were given."""
    ids = folder / f"ids-{time.monotonic_ns()}"
    command = [sys.executable, "-m", "tests.security.load", "--port", str(port), "--ids", str(ids)]
    command += ["--rate", str(rate), "--seconds", str(seconds), "--connections", str(connections)]
    command += ["--newcomers"] if newcomers else []
    with running(command, log=ids.with_suffix(".log"), directory=ROOT) as child:
        yield child, ids
        assert child.process.wait(seconds + 2 * VISIT_MAX_S) == 0, child.describe()


def summary_of(child: Child) -> dict[str, Any]:
    """What finished visitors counted."""
    return json.loads(child.output().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, help="visits a second")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--connections", type=int, required=True, help="at the same time")
    parser.add_argument("--sources", type=int, default=50, help="addresses to come from")
    parser.add_argument("--newcomers", action="store_true", help="each visit on a connection of its own")
    parser.add_argument("--ids", type=Path, required=True, help="file for the click ids that arrived whole")
    given = vars(parser.parse_args())
    ids = given.pop("ids")
    visitors = Visitors(**given)
    uvloop.run(visitors.visit_all())
    ids.write_bytes(b"\n".join(visitors.ids))
    print(json.dumps(visitors.summary()))


if __name__ == "__main__":
    main()
