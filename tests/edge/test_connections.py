"""A worker's connections: what arrives, in whatever pieces, is answered in order on the connection it came by."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from edge import connections
from edge.connection import OUTPUT_MAX_BYTES, SOCKET_BUFFER_BYTES
from edge.door import Limits
from edge.framing import HEAD_MAX_BYTES
from edge.guests import Guests
from edge.server import Server
from tests.edge.building import KEY, domain, key, link
from tests.edge.serving import Serving, get, serving

BROWSER = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
VISITOR = "AAAAAAB2cACAAAAAAAAAAA"
BEACON = f'{{"type":"landing","k":"{KEY}","vid":"","url":"https://shop.example/"}}'.encode()


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncGenerator[Serving]:
    async with serving(tmp_path, domain(), link(), key("*")) as edge:
        yield edge


async def test_a_connection_serves_request_after_request(edge: Serving) -> None:
    talk = await edge.connect()
    for _ in range(20):
        talk.say(get("/spring", BROWSER))
        assert (await talk.hear()).status == 302
    assert len(edge.clicks()) == 20


async def test_a_head_may_come_in_pieces_of_any_size(edge: Serving) -> None:
    request, source = get("/spring", BROWSER), random.Random(1)
    for size in (1, 2, 3, 7, 50, len(request) - 1):
        talk = await edge.connect()
        for start in range(0, len(request), size):
            talk.say(request[start : start + size])
            await asyncio.sleep(0 if source.random() < 0.8 else 0.002)
        assert (await talk.hear()).status == 302
        talk.say(request)
        assert (await talk.hear()).status == 302
    assert len(edge.clicks()) == 12


async def test_pipelined_requests_are_answered_in_order(edge: Serving) -> None:
    talk = await edge.connect()
    talk.say(get() + get("/unknown") + get("/_t/health") + get(method="HEAD") + get("/_t/health") + get() + get("/no"))
    assert [(await talk.hear()).status for _ in range(3)] == [302, 404, 200]
    head = await talk.hear_head()
    assert head.status == 302
    assert [(await talk.hear()).status for _ in range(3)] == [200, 302, 404]
    assert [click.no_click for click in edge.clicks()] == ["", "head", ""]


async def test_odd_and_plain_requests_alternate_on_one_connection(edge: Serving) -> None:
    """Behind a CDN all visitors share few connections: an odd request must not cost the others theirs."""
    talk = await edge.connect()
    for _ in range(300):
        talk.say(get("/spring", BROWSER))
        assert (await talk.hear()).status == 302
        talk.say(get("/_t/e", "Origin: https://shop.example", method="POST", body=BEACON))
        assert (await talk.hear()).status == 204
    assert len(edge.clicks()) == len(edge.beacons()) == 300
    assert edge.app.counts.lent == 300
    assert edge.app.counts.connections_accepted == 1


async def test_a_body_may_come_in_pieces_with_the_next_request_behind_it(edge: Serving) -> None:
    request = get("/_t/e", "Origin: https://shop.example", method="POST", body=BEACON) + get()
    for size in (1, 13, 100, len(request)):
        talk = await edge.connect()
        for start in range(0, len(request), size):
            talk.say(request[start : start + size])
            await asyncio.sleep(0)
        assert (await talk.hear()).status == 204
        assert (await talk.hear()).status == 302
    assert [beacon.body for beacon in edge.beacons()] == [BEACON] * 4


async def test_a_body_of_unknown_length_is_aiohttp_s_business(edge: Serving) -> None:
    talk = await edge.connect()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (BEACON[:9], BEACON[9:])) + b"0\r\n\r\n"
    request = get("/_t/e", "Origin: https://shop.example", "Transfer-Encoding: chunked", method="POST")
    talk.say(request + chunks + get())
    assert (await talk.hear()).status == 204
    assert (await talk.hear()).status == 302
    assert len(edge.clicks()) == len(edge.beacons()) == 1


async def test_who_expects_a_word_before_the_body_gets_it(edge: Serving) -> None:
    talk = await edge.connect()
    request = get("/_t/e", "Expect: 100-continue", "Origin: https://shop.example", method="POST", body=BEACON)
    talk.say(request[: -len(BEACON)])
    assert (await talk.hear_head()).status == 100
    talk.say(BEACON)
    assert (await talk.hear()).status == 204


async def test_a_client_that_sends_no_more_still_gets_its_answer(edge: Serving) -> None:
    for request, status in ((get(), b"302"), (get("/_t/health"), b"200"), (get() + get("/unknown"), b"302")):
        talk = await edge.connect()
        talk.say(request)
        talk.writer.write_eof()
        assert (await talk.hear_end()).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_who_asks_to_close_is_answered_and_left(edge: Serving, version: str) -> None:
    talk = await edge.connect()
    talk.say(get("/spring", "Connection: close").replace(b"HTTP/1.1", b"HTTP/" + version.encode()))
    assert (await talk.hear_end()).startswith(b"HTTP/1." + version[-1:].encode() + b" 302")


async def test_a_head_that_is_too_large_is_refused_so_that_the_client_can_read_it(edge: Serving) -> None:
    talk = await edge.connect()
    talk.say(get("/spring", "X-Padding: " + "x" * HEAD_MAX_BYTES) + b"y" * 100_000)
    assert (await talk.hear_end()).startswith(b"HTTP/1.1 431")
    assert edge.clicks() == []
    assert edge.app.counts.bad_requests == 1


async def test_the_largest_head_is_taken(edge: Serving) -> None:
    request = get("/spring", "X-Padding: ")
    talk = await edge.connect()
    talk.say(get("/spring", "X-Padding: " + "x" * (HEAD_MAX_BYTES - len(request))))
    assert (await talk.hear()).status == 302


@pytest.mark.parametrize("nonsense", [b"\x16\x03\x01\x02\0\x01", b"GET /spring HTTP/1.1\nHost: x\n\n", b"\0\0\0\0"])
async def test_nonsense_is_refused_at_once(edge: Serving, nonsense: bytes) -> None:
    talk = await edge.connect()
    talk.say(nonsense)
    assert (await talk.hear_end())[8:12] == b" 400"


async def test_a_slow_head_is_told_so_and_an_idle_connection_just_ends(tmp_path: Path) -> None:
    async with serving(tmp_path, domain(), link(), limits=Limits(100, 0, head_s=1)) as edge:
        slow, silent = await edge.connect(), await edge.connect()
        for piece in (b"GET /sp", b"ring HT", b"TP/1.1\r\n"):
            slow.say(piece)
            await asyncio.sleep(0.2)
        assert (await slow.hear_end()).startswith(b"HTTP/1.1 408")
        assert await silent.hear_end() == b""


async def test_a_further_connection_takes_the_place_of_the_idlest(tmp_path: Path) -> None:
    async with serving(tmp_path, domain(), link(), limits=Limits(3, 0)) as edge:
        talks = [await edge.connect() for _ in range(3)]
        await asyncio.sleep(1.1)
        for talk in talks[:2]:
            talk.say(get())
            await talk.hear()
        newest = await edge.connect()
        newest.say(get())
        assert (await newest.hear()).status == 302
        assert await talks[2].hear_end() == b""
        for talk in talks[:2]:
            talk.say(get())
            assert (await talk.hear()).status == 302
        assert edge.app.counts.connections_shed == 1


async def test_connections_that_have_just_come_are_not_closed_for_each_other(tmp_path: Path) -> None:
    """They are the nearest to their deadlines, since who has not asked yet gets less time than who has."""
    async with serving(tmp_path, domain(), link(), limits=Limits(8, 0)) as edge:
        idle = [await edge.connect() for _ in range(8)]
        for talk in idle:
            talk.say(get())
            await talk.hear()
        await asyncio.sleep(1.1)
        newest = [await edge.connect() for _ in range(4)]
        newest[0].say(get()[:40])
        await asyncio.sleep(0.1)
        for talk, request in zip(newest, (get()[40:], get(), get(), get()), strict=True):
            talk.say(request)
            assert (await talk.hear()).status == 302
        for talk in idle[:4]:
            assert await talk.hear_end() == b""


async def test_a_trusted_proxy_s_connection_is_never_shed(tmp_path: Path) -> None:
    async with serving(tmp_path, domain(), link(), trusted_proxies=("127.0.0.0/8",), limits=Limits(2, 0)) as edge:
        talks = [await edge.connect() for _ in range(2)]
        refused = await edge.connect()
        assert await refused.hear_end() == b""
        for talk in talks:
            talk.say(get())
            assert (await talk.hear()).status == 302


async def test_one_address_cannot_open_connections_without_end(tmp_path: Path) -> None:
    async with serving(tmp_path, domain(), link(), limits=Limits(1_000, 2)) as edge:
        talks = [await edge.connect() for _ in range(30)]
        ends = [await asyncio.wait_for(talk.answers_or_ends(get()), 5) for talk in talks]
        assert 10 <= sum(ends) <= 13
        assert edge.app.counts.connections_refused == 30 - sum(ends)


async def test_who_does_not_take_the_answers_is_read_no_further(edge: Serving) -> None:
    """Answers that wait take memory: a client gets no more of it than the sockets' buffers and a little."""
    request = get("/unknown", BROWSER)
    sock, sent = small_window(edge.port), 0
    quiet = 0
    while quiet < 200:
        quiet += 1
        with contextlib.suppress(BlockingIOError):
            sent += sock.send(request * 50)
            quiet = 0
        await asyncio.sleep(0)
    judged = edge.app.counts.unknown_slugs
    page = await edge.ask("/unknown")
    assert judged * len(page.body) < OUTPUT_MAX_BYTES + 4 * SOCKET_BUFFER_BYTES
    await take(sock, b"HTTP/1.1 404", sent // len(request))


@pytest.mark.parametrize("target", ["/unknown", "/_t/t.js"])
async def test_many_requests_at_once_are_all_answered_as_the_client_takes_them(edge: Serving, target: str) -> None:
    sock, count = small_window(edge.port), 300
    sending = asyncio.ensure_future(asyncio.get_running_loop().sock_sendall(sock, get(target) * count))
    await asyncio.sleep(0.2)
    await take(sock, b"HTTP/1.1 ", count)
    await sending
    sock.send(get())
    await take(sock, b"HTTP/1.1 302", 1)


async def test_a_client_that_sends_no_more_gets_all_its_answers(edge: Serving) -> None:
    sock, count = small_window(edge.port), 300
    await asyncio.get_running_loop().sock_sendall(sock, get("/unknown") * count)
    sock.shutdown(socket.SHUT_WR)
    await asyncio.sleep(0.2)
    await take(sock, b"HTTP/1.1 404", count)
    assert await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 9), 5) == b""


async def test_answers_of_aiohttp_s_own_connections_arrive_as_the_client_takes_them(edge: Serving) -> None:
    first = get("/_t/e", "Origin: https://shop.example", "Transfer-Encoding: chunked", method="POST")
    chunked = first + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BEACON), BEACON)
    sock, count = small_window(edge.port), 300
    await asyncio.get_running_loop().sock_sendall(sock, chunked + get("/unknown") * count)
    await asyncio.sleep(0.3)
    judged = edge.app.counts.unknown_slugs
    page = await edge.ask("/unknown")
    assert 0 < judged * len(page.body) < OUTPUT_MAX_BYTES + 4 * SOCKET_BUFFER_BYTES
    await take(sock, b"HTTP/1.1 404", count)


def small_window(port: int) -> socket.socket:
    """A client that takes only so much by itself."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    sock.setblocking(False)
    return sock


async def take(sock: socket.socket, start: bytes, count: int) -> None:
    """Reads until so many answers that start so have come."""
    tail = b""
    while count > 0:
        data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 1 << 20), 5)
        assert data, f"{count} answers are missing"
        *whole, tail = (tail + data).split(start)
        count -= len(whole)


async def test_a_body_that_trickles_is_waited_for_no_longer_than_any(
    edge: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LOAN_S", 1)
    talk = await edge.connect()
    talk.say(get("/_t/e", "Origin: https://shop.example", "Transfer-Encoding: chunked", method="POST"))
    trickling = asyncio.ensure_future(talk.trickle(b"1\r\n{\r\n"))
    assert b" 204" not in await talk.last_words()
    trickling.cancel()


async def test_a_full_worker_closes_slow_bodies_when_nothing_else_is_left(tmp_path: Path) -> None:
    async with serving(tmp_path, domain(), link(), key("*"), limits=Limits(3, 0)) as edge:
        talks = [await edge.connect() for _ in range(3)]
        for talk in talks:
            talk.say(get("/_t/e", "Origin: https://shop.example", method="POST", body=BEACON)[:-1])
        async with asyncio.timeout(5):
            while edge.app.counts.lent < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        newest = await edge.connect()
        newest.say(get())
        assert (await newest.hear()).status == 302
        assert await talks[0].hear_end() == b""
        talks[1].say(BEACON[-1:])
        assert (await talks[1].hear()).status == 204


async def test_a_reset_connection_harms_nobody(edge: Serving) -> None:
    for _ in range(20):
        sock = socket.create_connection(("127.0.0.1", edge.port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.send(get() + get("/_t/e", method="POST", body=BEACON)[:-3])
        sock.close()
    talk = await edge.connect()
    talk.say(get())
    assert (await talk.hear()).status == 302


async def test_a_stopping_worker_answers_what_is_on_its_way_and_says_that_it_closes(edge: Serving) -> None:
    idle, half, busy = [await edge.connect() for _ in range(3)]
    half.say(get()[:30])
    busy.say(get())
    await busy.hear()
    stopping = asyncio.ensure_future(edge.stop())
    await asyncio.sleep(0.1)
    half.say(get()[30:])
    busy.say(get())
    for talk in (half, busy):
        reply = await talk.hear()
        assert (reply.status, reply["connection"]) == (302, "close")
    assert await idle.hear_end() == b""
    await stopping
    assert len(edge.clicks()) == 3


async def test_a_lent_request_is_told_as_well_that_the_worker_stops(edge: Serving) -> None:
    lent, later = await edge.connect(), await edge.connect()
    post = get("/_t/e", "Origin: https://shop.example", method="POST", body=BEACON)
    lent.say(post[:-5])
    later.say(get("/_t/health")[:20])
    stopping = asyncio.ensure_future(edge.stop())
    await asyncio.sleep(0.1)
    lent.say(post[-5:] + get())
    later.say(get("/_t/health")[20:])
    for talk, status in ((lent, 204), (later, 200)):
        reply = await talk.hear()
        assert (reply.status, reply["connection"]) == (status, "close")
        assert await talk.hear_end() == b""
    await asyncio.wait_for(stopping, 2)
    assert len(edge.beacons()) == 1
    assert edge.clicks() == []  # who was told that the connection closes asks again on another


async def test_so_is_one_that_waits_until_aiohttp_is_there(edge: Serving) -> None:
    guests, borrower = Guests(), Borrowing()
    guests.lend(borrower).feed(get("/_t/health"))
    guests.stop()
    guests.open(Server(edge.app.respond))
    await asyncio.wait_for(borrower.has_ended.wait(), 5)
    assert b"\r\nConnection: close\r\n" in borrower.received


class Borrowing:
    """A connection that has lent its request."""

    address, is_behind = bytes(4), False

    def __init__(self) -> None:
        self.received = b""
        self.has_ended = asyncio.Event()

    def deliver(self, data: bytes) -> None:
        self.received += data

    def answered(self) -> None:
        """Only where the connection goes on."""

    def ended(self) -> None:
        self.has_ended.set()

    def resume(self) -> None:
        """It has sent everything."""
