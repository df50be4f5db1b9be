"""The agent as a process: from a worker's ring to the control plane, through stops and outages."""

from __future__ import annotations

from pathlib import Path

from shared.wire import ClickRecord
from tests.support.agent import agent, append_clicks, config_for, writer_for
from tests.support.control_plane import ControlPlane, running


async def test_clicks_in_a_ring_reach_the_control_plane_once_and_in_order(tmp_path: Path) -> None:
    async with running(ControlPlane()) as control:
        config = config_for(tmp_path / "edge", control.url)
        writer = writer_for(config)
        with agent(config):
            ids = append_clicks(writer, 500)
            await control.until(lambda: len(control.click_ids()) >= 500)
            assert control.click_ids() == ids


async def test_what_stays_behind_on_the_edge(tmp_path: Path) -> None:
    async with running(ControlPlane()) as control:
        config = config_for(tmp_path / "edge", control.url)
        writer = writer_for(config)
        with agent(config):
            append_clicks(writer, 1)
            await control.until(lambda: bool(control.records()))
    (record,) = control.records()
    assert isinstance(record, ClickRecord)
    assert (record.path, record.query) == ("/spring", "gclid=x")
    assert record.headers == {"user-agent": "Mozilla/5.0 (X11; Linux x86_64)", "accept": "text/html"}


async def test_a_stopped_agent_has_shipped_everything_and_exits_0(tmp_path: Path) -> None:
    async with running(ControlPlane()) as control:
        config = config_for(tmp_path / "edge", control.url)
        writer = writer_for(config)
        with agent(config) as process:
            await control.until(lambda: bool(control.statuses))
            ids = append_clicks(writer, 300)
            writer.close()
            import asyncio

            assert await asyncio.to_thread(process.terminate) == 0
        assert sorted(control.click_ids()) == sorted(ids)
        assert all(stream.closed for stream in control.streams.values())
