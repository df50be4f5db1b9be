"""Fixtures of the edge's tests: another process that writes the link cache, and whole edges on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import uvloop

from tests.edge.agent_process import Agent, AgentProcess, agent_process


@pytest.fixture(scope="session")
def agents() -> Iterator[AgentProcess]:
    with agent_process() as process:
        yield process


@pytest.fixture
def links_dir(tmp_path: Path) -> Path:
    return tmp_path / "links"


@pytest.fixture
def agent(agents: AgentProcess, links_dir: Path) -> Iterator[Agent]:
    """The agent of `links_dir`, without a snapshot yet."""
    with agents.agent(links_dir) as agent:
        yield agent


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Which event loop a test runs in."""
    if item.path.stem == "test_tls_front":
        return {"uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}
