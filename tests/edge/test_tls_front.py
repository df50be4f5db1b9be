"""TLS by the edge itself keeps the plain port's promises about slow clients: real sockets, real handshakes, and the
worker's event loop, whose transports they depend on."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from edge import answer, tls_front
from edge.connection import OUTPUT_MAX_BYTES, SOCKET_BUFFER_BYTES
from edge.door import Limits
from edge.framing import HEAD_MAX_BYTES
from edge.tls import Certificate
from tests.edge.building import HOST, KEY, domain, key, link
from tests.edge.serving import Serving, Talk, get, serving
from tests.support.certificates import trusting, write_certificate

BEACON = f'{{"type":"landing","k":"{KEY}","vid":"","url":"https://shop.example/"}}'.encode()
POST = get("/_t/e", "Origin: https://shop.example", method="POST", body=BEACON)
PAGE_BYTES = len(answer.UNKNOWN_SLUG.body)
TRANSPORT_BYTES = 64 * 1024  # what the event loop's transport below TLS holds by itself


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    write_certificate(folder, HOST)
    return folder


class Secured:
    """An edge that speaks TLS, and clients that trust it."""

    def __init__(self, edge: Serving, files: Path) -> None:
        self.edge, self._context = edge, trusting(files / "chain.pem")
        self.counts = edge.app.counts

    async def connect(self) -> Talk:
        return await self.edge.connect(self._context)

    async def connect_silently(self) -> Talk:
        """As somebody who never begins the handshake."""
        return await self.edge.connect()

    async def connect_with_small_window(self) -> ssl.SSLSocket:
        """As somebody who takes only so much by itself."""
        sock = socket.socket()
        for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, buffer, 4096)
        sock.connect(("127.0.0.1", self.edge.port))
        return await asyncio.to_thread(self._context.wrap_socket, sock, server_hostname=HOST)


def secured(
    folder: Path, files: Path, limits: Limits, trusted_proxies: tuple[str, ...] = ()
) -> AbstractAsyncContextManager[Secured]:
    certificate = Certificate(files / "chain.pem", files / "key.pem")

    @asynccontextmanager
    async def made() -> AsyncGenerator[Secured]:
        entries = (domain(), link(), key("*"))
        async with serving(
            folder, *entries, limits=limits, trusted_proxies=trusted_proxies, certificate=certificate
        ) as edge:
            yield Secured(edge, files)

    return made()


@pytest.fixture
async def edge(tmp_path: Path, files: Path) -> AsyncIterator[Secured]:
    async with secured(tmp_path, files, Limits(1_000, 0)) as edge:
        yield edge


async def clicks(talk: Talk) -> bool:
    """Whether a click is answered on this connection."""
    talk.say(get())
    return (await talk.hear()).status == 302


async def test_a_slow_head_is_told_so_and_who_says_nothing_is_left(tmp_path: Path, files: Path) -> None:
    async with secured(tmp_path, files, Limits(100, 0, head_s=1)) as edge:
        mute, silent, slow, later = (
            await edge.connect_silently(), await edge.connect(), await edge.connect(), await edge.connect()
        )  # fmt: skip
        assert await clicks(later)
        later.say(get()[:20])
        for piece in (b"GET /sp", b"ring HT", b"TP/1.1\r\n"):
            slow.say(piece)
            await asyncio.sleep(0.2)
        assert (await slow.hear_end()).startswith(b"HTTP/1.1 408")
        assert (await later.hear_end()).startswith(b"HTTP/1.1 408")
        assert await silent.hear_end() == b""
        assert await mute.hear_end() == b""
        assert edge.counts.bad_requests == 2
        assert edge.counts.connections_open == 0


async def test_who_was_answered_may_be_quiet_for_longer_than_a_head_takes(tmp_path: Path, files: Path) -> None:
    async with secured(tmp_path, files, Limits(100, 0, head_s=1)) as edge:
        talk = await edge.connect()
        assert await clicks(talk)
        await asyncio.sleep(2.2)
        assert await clicks(talk)


@pytest.mark.parametrize("pieces", [1, 5])
async def test_a_head_that_is_too_large_is_refused_so_that_the_client_can_read_it(edge: Secured, pieces: int) -> None:
    talk = await edge.connect()
    request = get("/spring", *(f"X-Padding-{number}: " + "x" * 4_000 for number in range(5)))
    for at in range(pieces):
        talk.say(request[len(request) * at // pieces : len(request) * (at + 1) // pieces])
        await asyncio.sleep(0.05)
    talk.say(b"y" * 100_000)
    assert (await talk.hear_end()).startswith(b"HTTP/1.1 431")
    assert edge.edge.clicks() == []


async def test_the_largest_head_is_taken(edge: Secured) -> None:
    padding = HEAD_MAX_BYTES - len(get("/spring", "X-Padding: "))
    request = get("/spring", "X-Padding: " + "x" * padding)
    for pieces in (1, 3):
        talk = await edge.connect()
        for at in range(pieces):
            talk.say(request[len(request) * at // pieces : len(request) * (at + 1) // pieces])
            await asyncio.sleep(0.05)
        assert (await talk.hear()).status == 302


async def test_a_body_that_trickles_is_waited_for_no_longer_than_any(
    edge: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_front, "LOAN_S", 1)
    talk = await edge.connect()
    talk.say(get("/_t/e", "Origin: https://shop.example", "Transfer-Encoding: chunked", method="POST"))
    trickling = asyncio.ensure_future(talk.trickle(b"1\r\n{\r\n"))
    assert b" 204" not in await talk.last_words()
    trickling.cancel()


async def test_a_body_that_comes_after_its_answer_is_no_head(edge: Secured) -> None:
    """A beacon that is too large is refused before all of it has come."""
    talk = await edge.connect()
    request = get("/_t/e", "Origin: https://shop.example", method="POST", body=b"x" * 400_000)
    talk.say(request)
    assert (await talk.hear()).status == 413
    assert await clicks(talk)
    assert edge.counts.bad_requests == 0


async def test_who_does_not_take_the_answers_is_judged_no_further(edge: Secured) -> None:
    """Answers that wait take memory: a client gets no more of it than buffers of a known size."""
    request = get("/unknown")
    sock, sent, quiet = await edge.connect_with_small_window(), 0, 0
    sock.setblocking(False)
    while quiet < 200:
        quiet += 1
        with contextlib.suppress(ssl.SSLWantWriteError):
            sent += sock.send(request * 50)
            quiet = 0
        await asyncio.sleep(0)
    judged = edge.counts.unknown_slugs
    assert 0 < judged * PAGE_BYTES < OUTPUT_MAX_BYTES + TRANSPORT_BYTES + 4 * SOCKET_BUFFER_BYTES
    await taken(sock, b"HTTP/1.1 404", sent // len(request))


async def test_who_takes_no_answers_is_left_in_the_end(
    tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_front, "KEEP_ALIVE_S", 1)
    async with secured(tmp_path, files, Limits(100, 0)) as edge:
        sock = await edge.connect_with_small_window()
        sock.send(get("/unknown") * 200)
        await until(lambda: edge.counts.unknown_slugs > 10)
        await until(lambda: edge.counts.connections_open == 0)


async def test_a_further_connection_takes_the_place_of_the_idlest(tmp_path: Path, files: Path) -> None:
    async with secured(tmp_path, files, Limits(3, 0)) as edge:
        talks = [await edge.connect() for _ in range(3)]
        await asyncio.sleep(1.1)
        assert [await clicks(talk) for talk in talks[:2]] == [True, True]
        newest = await edge.connect()
        assert await clicks(newest)
        assert await talks[2].last_words() == b""
        assert [await clicks(talk) for talk in talks[:2]] == [True, True]
        assert (edge.counts.connections_shed, edge.counts.connections_open) == (1, 3)


async def test_who_never_begins_the_handshake_makes_room_as_well(tmp_path: Path, files: Path) -> None:
    async with secured(tmp_path, files, Limits(3, 0)) as edge:
        mute = [await edge.connect_silently() for _ in range(3)]
        await until(lambda: edge.counts.connections_open == 3)
        await asyncio.sleep(1.1)
        assert await clicks(await edge.connect())
        assert await mute[0].last_words() == b""


async def test_a_full_worker_closes_slow_bodies_when_nothing_else_is_left(tmp_path: Path, files: Path) -> None:
    async with secured(tmp_path, files, Limits(3, 0)) as edge:
        talks = [await edge.connect() for _ in range(3)]
        for talk in talks:
            talk.say(POST[:-1])
        await asyncio.sleep(1.1)
        assert await clicks(await edge.connect())
        ended = [talk for talk in talks if not await talk.answers_or_ends(POST[-1:])]
        assert len(ended) == 1


async def test_a_trusted_proxy_s_connection_is_never_shed(tmp_path: Path, files: Path) -> None:
    async with secured(tmp_path, files, Limits(2, 0), trusted_proxies=("127.0.0.0/8",)) as edge:
        talks = [await edge.connect() for _ in range(2)]
        with pytest.raises((ConnectionError, ssl.SSLError)):
            await edge.connect()
        assert [await clicks(talk) for talk in talks] == [True, True]
        assert edge.counts.connections_refused == 1


async def test_one_address_cannot_open_connections_without_end(tmp_path: Path, files: Path) -> None:
    async with secured(tmp_path, files, Limits(1_000, 2)) as edge:
        talks = [await edge.connect_silently() for _ in range(30)]
        await until(lambda: edge.counts.connections_accepted == 30)
        assert 17 <= edge.counts.connections_refused <= 20
        for talk in talks:
            talk.writer.close()
        await until(lambda: edge.counts.connections_open == 0)


async def test_what_is_no_tls_is_left(edge: Secured) -> None:
    talk = await edge.connect_silently()
    talk.say(get())
    assert b"HTTP" not in await talk.last_words()
    await until(lambda: edge.counts.connections_open == 0)


async def test_who_comes_before_there_is_a_certificate_waits_for_it(tmp_path: Path, files: Path) -> None:
    """As a worker may find its files that starts while they are replaced."""
    found = tmp_path / "tls"
    shutil.copytree(files, found)
    (found / "key.pem").write_text("not yet written")
    async with secured(tmp_path, found, Limits(100, 0)) as edge:
        coming = asyncio.ensure_future(edge.connect())
        await asyncio.sleep(0.3)
        assert not coming.done()
        shutil.copy(files / "key.pem", found / "key.pem")
        assert await clicks(await coming)


async def test_a_stopping_worker_answers_what_is_on_its_way(edge: Secured) -> None:
    idle, half = await edge.connect(), await edge.connect()
    half.say(get()[:30])
    coming = asyncio.ensure_future(edge.connect())
    await asyncio.sleep(0.05)
    stopping = asyncio.ensure_future(edge.edge.stop())
    await asyncio.sleep(0.1)
    half.say(get()[30:])
    reply = await half.hear()
    assert (reply.status, reply["connection"]) == (302, "close")
    assert await clicks(await coming)
    await stopping
    assert await idle.last_words() == b""


async def taken(sock: ssl.SSLSocket, start: bytes, count: int) -> None:
    """Reads until so many answers that start so have come."""

    def take() -> None:
        sock.settimeout(5)
        tail, left = b"", count
        while left > 0:
            data = sock.recv(1 << 16)
            assert data, f"{left} answers are missing"
            *whole, tail = (tail + data).split(start)
            left -= len(whole)

    await asyncio.to_thread(take)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
