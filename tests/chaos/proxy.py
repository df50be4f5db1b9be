"""A bad network between an edge and its control plane: a TCP proxy that flips, cuts, delays and repeats bytes."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

READ_BYTES = 64 * 1024


@dataclass
class Network:
    """What goes wrong, by chance, with each piece of bytes that passes; all may be changed while it runs."""

    target: int  # port
    flip: float = 0.0  # one bit
    cut: float = 0.0  # the connection, after part of the piece
    delay_s: float = 0.0  # at most
    repeat: float = 0.0  # of a connection: all that it sent is sent again later, on another
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    port: int = 0
    flips: int = 0
    cuts: int = 0
    repeats: int = 0
    _later: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection's life."""
        sent = bytearray()
        with suppress(OSError):
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.target)
            there = asyncio.create_task(self._pass_on(reader, upstream_writer, sent))
            back = asyncio.create_task(self._pass_on(upstream_reader, writer, None))
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            for task in (there, back):
                task.cancel()
            upstream_writer.close()
        writer.close()
        if sent and self.chance.random() < self.repeat:
            again = asyncio.create_task(self._send_again(bytes(sent)))
            self._later.add(again)
            again.add_done_callback(self._later.discard)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytearray | None
    ) -> None:
        with suppress(OSError):
            while piece := await reader.read(READ_BYTES):
                if self.delay_s:
                    await asyncio.sleep(self.chance.uniform(0, self.delay_s))
                if self.chance.random() < self.flip:
                    self.flips += 1
                    damaged = bytearray(piece)
                    damaged[self.chance.randrange(len(piece))] ^= 1 << self.chance.randrange(8)
                    piece = bytes(damaged)
                is_cut = self.chance.random() < self.cut
                if is_cut:
                    self.cuts += 1
                    piece = piece[: self.chance.randrange(len(piece) + 1)]
                if sent is not None:
                    sent += piece
                writer.write(piece)
                await writer.drain()
                if is_cut:
                    return

    async def _send_again(self, sent: bytes) -> None:
        self.repeats += 1
        await asyncio.sleep(self.chance.uniform(0, 2.0))
        with suppress(OSError, TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.target)
            writer.write(sent)
            async with asyncio.timeout(5.0):
                while await reader.read(READ_BYTES):
                    pass
            writer.close()


@contextmanager
def network(target: int) -> Generator[Network]:
    """A proxy of a loopback port, in a thread of its own."""
    loop, made, is_ready = asyncio.new_event_loop(), Network(target), threading.Event()

    async def listen() -> None:
        server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
        made.port = server.sockets[0].getsockname()[1]
        is_ready.set()

    async def end() -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def run() -> None:
        loop.create_task(listen())
        loop.run_forever()
        loop.run_until_complete(end())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    is_ready.wait()
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
