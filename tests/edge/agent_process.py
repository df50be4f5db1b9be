"""A link store in a process of its own, as in production: LMDB forbids one process to open a folder twice."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import cast

from edge.linkstore import LinkStore
from shared.wire import ChangePage, Entry
from tests.edge.building import EPOCH, take_snapshot


class Agent:
    """What a test lets the agent do. Lives in the other process; the test holds a proxy of it."""

    def __init__(self, folder: Path) -> None:
        self._store = LinkStore.open(folder)

    def apply(self, page: ChangePage) -> None:
        self._store.apply(page)

    def take_snapshot(self, *entries: Entry, rev: int = 10, epoch: str = EPOCH) -> None:
        take_snapshot(self._store, *entries, rev=rev, epoch=epoch)

    def position(self) -> tuple[str, int]:
        return self._store.position()

    def close(self) -> None:
        self._store.close()


class _Processes(BaseManager):
    """Starts the process and forwards calls, exceptions included."""


_Processes.register("Agent", Agent)


class AgentProcess:
    """One process for many agents, one after the other."""

    def __init__(self, processes: BaseManager) -> None:
        self._processes = processes

    @contextmanager
    def agent(self, folder: Path) -> Generator[Agent]:
        agent = cast("Agent", getattr(self._processes, "Agent")(folder))  # noqa: B009 — made by `register`
        yield agent
        agent.close()


@contextmanager
def agent_process() -> Generator[AgentProcess]:
    with _Processes() as processes:
        yield AgentProcess(processes)
