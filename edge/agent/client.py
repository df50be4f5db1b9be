"""HTTP to the control plane: one keep-alive session, the edge's token, one name for every failure."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import msgspec

from shared.wire import DIGEST_HEADER, WIRE_HEADER, WIRE_VERSION, digest_of

CONNECT_S: Final = 5.0
ANSWER_S: Final = 60.0
BACKOFF_FIRST_S: Final = 0.25
BACKOFF_MOST_S: Final = 5.0
RETRY_AFTER_MOST_S: Final = 300.0


class Unreachable(Exception):
    """No answer: refused, cut off, too late, or damaged."""


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: bytes
    retry_after_s: float | None

    def decode(self, kind: type[Any]) -> Any:
        """The msgpack body. Raises msgspec.DecodeError."""
        return msgspec.msgpack.decode(self.body, type=kind)


class Backoff:
    """Growing pauses with full jitter, so that many edges don't come back in step."""

    def __init__(self) -> None:
        self._most_s = BACKOFF_FIRST_S

    def next_s(self, at_least_s: float | None = None) -> float:
        pause = random.uniform(0, self._most_s)
        self._most_s = min(BACKOFF_MOST_S, self._most_s * 2)
        return pause if at_least_s is None else min(RETRY_AFTER_MOST_S, at_least_s + pause)

    def reset(self) -> None:
        self._most_s = BACKOFF_FIRST_S


class ControlClient:
    """The requests an agent makes. Use as an asynchronous context manager."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept-Encoding": "identity",
            WIRE_HEADER: str(WIRE_VERSION),
        }
        self._session: aiohttp.ClientSession | None = None
        self._was_cut_off = False
        self.reconnected = asyncio.Event()
        """Set by the first answer after a failure; who has acted on it clears it."""

    async def __aenter__(self) -> ControlClient:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S, connect=CONNECT_S)
        self._session = aiohttp.ClientSession(
            headers=self._headers, timeout=timeout, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Raises Unreachable."""
        async with self._request("POST", path, data=body, headers=headers) as response:
            return await _read(response)

    async def get(self, path: str, parameters: Mapping[str, str], timeout_s: float) -> Answer:
        """Raises Unreachable."""
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_S)
        async with self._request("GET", path, params=parameters, timeout=timeout) as response:
            return await _read(response)

    @asynccontextmanager
    async def stream(self, path: str, headers: Mapping[str, str]) -> AsyncGenerator[aiohttp.ClientResponse]:
        """A response to be read piece by piece; only pauses are limited. Raises Unreachable, also while it is read."""
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_S, sock_read=ANSWER_S)
        async with self._request("GET", path, headers=headers, timeout=timeout) as response:
            yield response

    @asynccontextmanager
    async def _request(self, method: str, path: str, **options: Any) -> AsyncGenerator[aiohttp.ClientResponse]:
        assert self._session is not None, "used outside of its `async with`"
        try:
            async with self._session.request(method, self._url + path, allow_redirects=False, **options) as response:
                if self._was_cut_off:
                    self._was_cut_off = False
                    self.reconnected.set()
                yield response
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            self._was_cut_off = True
            raise Unreachable(str(error) or type(error).__name__) from None


async def _read(response: aiohttp.ClientResponse) -> Answer:
    """Raises Unreachable for an answer that is not the one that was sent."""
    body = await response.read()
    if response.headers.get(DIGEST_HEADER, said := digest_of(body)) != said:
        raise Unreachable("the answer was damaged on its way")
    return Answer(response.status, body, _seconds(response.headers.get("Retry-After")))


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in its form of seconds; the form of a date would need clocks that agree."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
