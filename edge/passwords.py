"""Passwords of links, as one worker checks them: off the loop, a few at a time, and not often for anybody.

A wrong password costs its sender one of ATTEMPTS a minute for that link, a right one costs nothing, so that a whole
office may come in behind one address. An IPv6 visitor is known by their /64, which is what one subscriber gets. Each
worker counts for itself: whoever opens connections until all workers have taken one has as many attempts as there are
workers. Beyond that, the check itself is the limit, which all guesses share: CHECKS_AT_ONCE of about 50 ms each.

No token keeps other sites from posting here, because there is nothing to gain by it: a visitor has no session that such
a post could use, and a password that another site knows opens the link as it would for anyone who types it.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl

from edge import answer
from edge.admission import subscriber
from edge.answer import Answer
from edge.links import Link
from shared import password
from shared.clock import MINUTE_MS, boot_ms

BODY_MAX_BYTES = 4 * 1024
ATTEMPTS = 10  # wrong ones of one visitor for one link,
ATTEMPTS_MS = MINUTE_MS  # in this time from the first of them
CHECKS_AT_ONCE = 2  # 16 MiB of memory each
WAITING_MAX = 64  # for their check; the next ones are sent away before they wait for longer than they would
_VISITORS_KEPT = 10_000
_FIELDS_MAX = 8


class Passwords:
    """Judges what visitors type."""

    def __init__(self) -> None:
        self._attempts = Attempts()
        self._threads = ThreadPoolExecutor(CHECKS_AT_ONCE, thread_name_prefix="password")
        self._waiting = 0

    async def refuse(self, link: Link, address: bytes, body: bytes) -> Answer | None:
        """The page for somebody who doesn't get through; None: the password is right."""
        typed = typed_in(body)
        if typed is None:
            return answer.NO_PASSWORD
        if self._waiting >= WAITING_MAX:
            return answer.PASSWORDS_BUSY
        wait_ms = self._attempts.take(address, link.link_id, boot_ms())
        if wait_ms:
            return answer.try_later(-(-wait_ms // 1000))
        self._waiting += 1
        try:
            check = asyncio.get_running_loop().run_in_executor(self._threads, password.matches, typed, link.password)
            is_right = await check
        finally:
            self._waiting -= 1
        if not is_right:
            return answer.WRONG_PASSWORD
        self._attempts.give_back(address, link.link_id)
        return None


class Attempts:
    """Who has tried how often. Bounded: when too many are known, those who have waited longest are forgotten."""

    def __init__(self) -> None:
        self._counts: dict[tuple[bytes, bytes], _Count] = {}

    def take(self, address: bytes, link_id: bytes, now_ms: int) -> int:
        """Takes one attempt; returns 0, or where none is left in how many milliseconds there will be."""
        who = (subscriber(address), link_id)
        count = self._counts.get(who)
        if count is None or count.until_ms <= now_ms:
            self._counts.pop(who, None)  # so that its place in the order is a new one
            if len(self._counts) >= _VISITORS_KEPT:
                del self._counts[next(iter(self._counts))]
            count = self._counts[who] = _Count(now_ms + ATTEMPTS_MS)
        if count.taken >= ATTEMPTS:
            return count.until_ms - now_ms
        count.taken += 1
        return 0

    def give_back(self, address: bytes, link_id: bytes) -> None:
        """The attempt that was taken was a right one."""
        if count := self._counts.get((subscriber(address), link_id)):
            count.taken = max(0, count.taken - 1)


class _Count:
    __slots__ = ("taken", "until_ms")

    def __init__(self, until_ms: int) -> None:
        self.taken, self.until_ms = 0, until_ms


def typed_in(body: bytes) -> str | None:
    """The password of a form (`application/x-www-form-urlencoded` in UTF-8); None where there is none that could be
    one."""
    try:
        fields = parse_qsl(body.decode("ascii"), encoding="utf-8", errors="strict", max_num_fields=_FIELDS_MAX)
    except ValueError:
        return None
    typed = dict(fields).get("password", "")
    return typed if 0 < len(typed) <= password.PASSWORD_MAX_CHARS else None
