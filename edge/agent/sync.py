"""Keeps the link cache up to date: a snapshot first, then the change feed by long poll.

A node holds an epoch and a rev. It asks for what came after them and waits up to `WAIT_S` for an answer. Where no list
of changes leads from here to there (another epoch, a rev that the control plane never gave out or has forgotten) the
answer is 410, and a snapshot is taken aside while the cache that serves stays as it is. Every failure leaves the last
known good in place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

import lmdb

from edge.agent.client import Answer, Backoff, ControlClient, Unreachable
from edge.agent.feed import BadFeed, frames_of, page_of
from edge.agent.guard import FeedGuard, FeedHeld
from edge.linkfiles import Damage
from edge.linkstore import ForeignEpoch, IncompleteSnapshot, LinkStore
from shared.logs import get_logger
from shared.wire import ChangePage, SnapshotEnd, SnapshotEntries, SnapshotFrame, SnapshotStart

CHANGES_PATH: Final = "/edge/v1/changes"
SNAPSHOT_PATH: Final = "/edge/v1/snapshot"
WAIT_S: Final = 25
WAIT_MARGIN_S: Final = 15
DAMAGE_POLL_S: Final = 1.0
HELD_POLL_S: Final = 1.0
HELD_ASK_AGAIN_S: Final = 30.0

_log = get_logger()


class Sync:
    """One node's sync. `on_applied` is told the control plane's epoch whenever something of it has been applied."""

    def __init__(
        self, client: ControlClient, store: LinkStore, guard: FeedGuard, on_applied: Callable[[str], None]
    ) -> None:
        self._client, self._store, self._guard, self._on_applied = client, store, guard, on_applied
        self._needs_snapshot = False
        self.held = ""
        """Why changes are held back; empty when they aren't."""
        self.snapshots_taken = self.snapshots_failed = 0
        self._current_at = time.monotonic()

    def lag_s(self) -> float:
        """How long ago it was last known that no change is missing here; before that, how long this has been asking.

        While nothing changes it is known once in `WAIT_S`.
        """
        return time.monotonic() - self._current_at

    async def run(self) -> None:
        """For ever."""
        backoff = Backoff()
        while True:
            try:
                pause_s = await self._step()
            except Unreachable as error:
                _log.warning("no changes from the control plane; last known good serves on", reason=str(error))
                await asyncio.sleep(backoff.next_s())
            except (BadFeed, IncompleteSnapshot, Damage, lmdb.Error, OSError) as error:
                _log.error("the link cache could not be brought up to date", reason=str(error))
                await asyncio.sleep(backoff.next_s())
            except FeedHeld as held:
                await self._hold(str(held))
            else:
                self.held = ""
                if pause_s is None:
                    backoff.reset()
                else:
                    await asyncio.sleep(backoff.next_s(pause_s))

    async def _step(self) -> float | None:
        """One page or one snapshot. Returns None, or how long at least to wait before the next."""
        epoch, rev = self._store.position()
        if not epoch or self._needs_snapshot:
            return await self._counted_snapshot()
        answer = await self._poll(epoch, rev, self._store.tip())
        if answer is None or answer.status == 410:
            self._needs_snapshot = True
            return None
        if answer.status != 200:
            return _refused(answer.status, answer.retry_after_s)
        await self._apply(page_of(answer.body))
        return None

    async def _poll(self, epoch: str, rev: int, tip: str) -> Answer | None:
        """The answer of a long poll; None when a worker found damage in the cache meanwhile."""
        parameters = {"epoch": epoch, "rev": str(rev), "tip": tip, "wait": str(WAIT_S)}
        poll = asyncio.ensure_future(self._client.get(CHANGES_PATH, parameters, WAIT_S + WAIT_MARGIN_S))
        try:
            while not (await asyncio.wait({poll}, timeout=DAMAGE_POLL_S))[0]:
                if self._store.is_damaged():
                    return None
            return poll.result()
        finally:
            poll.cancel()

    async def _apply(self, page: ChangePage) -> None:
        if page.changes:
            self._guard.check_page(page, self._store.entry_count())
        try:
            await asyncio.to_thread(self._store.apply, page)
        except (ForeignEpoch, Damage) as error:
            _log.warning("the link cache is built anew", reason=str(error))
            self._needs_snapshot = True
            return
        if not page.more:
            self._current_at = time.monotonic()
        self._on_applied(page.epoch)

    async def _counted_snapshot(self) -> float | None:
        """What waits for a person's word is neither taken nor failed."""
        try:
            pause_s = await self._take_snapshot()
        except FeedHeld:
            raise
        except Exception:
            self.snapshots_failed += 1
            raise
        if pause_s is None:
            self.snapshots_taken += 1
        else:
            self.snapshots_failed += 1
        return pause_s

    async def _take_snapshot(self) -> float | None:
        async with self._client.stream(SNAPSHOT_PATH, {"Accept-Encoding": "zstd"}) as response:
            if response.status != 200:
                return _refused(response.status, None)
            frames = frames_of(response)
            start = await anext(frames, None)
            if not isinstance(start, SnapshotStart):
                raise BadFeed("a snapshot must begin with its start frame")
            await self._store_snapshot(start, frames)
        self._needs_snapshot = False
        self._on_applied(start.epoch)
        _log.info("snapshot taken", epoch=start.epoch, rev=start.rev)
        return None

    async def _store_snapshot(self, start: SnapshotStart, frames: AsyncIterator[SnapshotFrame]) -> None:
        writer = await asyncio.to_thread(self._store.begin_snapshot, start)
        count = 0
        try:
            async for frame in frames:
                match frame:
                    case SnapshotEntries():
                        count += len(frame.entries)
                        await asyncio.to_thread(writer.put, frame.entries)
                    case SnapshotEnd():
                        self._guard.check_snapshot(count, self._store.entry_count())
                        break
                    case SnapshotStart():
                        raise BadFeed("a snapshot has one start frame")
            else:
                raise BadFeed("the snapshot broke off before its end frame")
            await asyncio.to_thread(writer.commit, frame.count)
        except BaseException:
            await asyncio.to_thread(writer.abort)
            raise

    async def _hold(self, reason: str) -> None:
        """Waits until a person accepts the removal, or long enough that the control plane may have thought again."""
        if reason != self.held:
            _log.error("feed held: touch `accept-feed` in the edge's data folder to let it through", reason=reason)
        self.held = reason
        for _ in range(int(HELD_ASK_AGAIN_S / HELD_POLL_S)):
            if self._guard.is_accepted():
                return
            await asyncio.sleep(HELD_POLL_S)


def _refused(status: int, retry_after_s: float | None) -> float:
    _log.warning("the control plane refuses to say what changed; last known good serves on", status=status)
    return retry_after_s or 0.0
