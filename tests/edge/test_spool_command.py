"""What an operator sees of the spool: all of it, the damage included, and nothing changed by looking."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge.agent.lock import AlreadyRunning
from edge.agent.segment import list_segments
from edge.config import EdgeConfig
from edge.replay import replay
from edge.spool import inspect
from tests.support.agent import agent, config_for, seal_one_stream
from tests.support.control_plane import ControlPlane, running


def spool_with(folder: Path, count: int) -> tuple[EdgeConfig, list[bytes]]:
    config = config_for(folder / "edge")
    return config, seal_one_stream(config, count)


def spool(action: str, data: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge", "spool", action, "--data", str(data), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_segments_are_listed_with_what_they_hold(tmp_path: Path) -> None:
    config, _ = spool_with(tmp_path, 50)
    (segment,) = inspect(config.data_dir)
    assert (segment.state, segment.records, segment.kinds, segment.damaged) == ("sealed", 50, {"click": 50}, 0)
    assert segment.first_ms is not None
    assert segment.last_ms is not None
    assert segment.first_ms <= segment.last_ms
    listed = spool("inspect", config.data_dir)
    assert listed.returncode == 0
    assert "50 click" in listed.stdout
    (as_json,) = json.loads(spool("inspect", config.data_dir, "--json").stdout)
    assert as_json["stream_id"] == segment.stream_id


def test_damage_is_named_by_file_and_number_and_fails_the_check(tmp_path: Path) -> None:
    config, ids = spool_with(tmp_path, 50)
    assert spool("verify", config.data_dir).returncode == 0
    (path,) = (config.data_dir / "spool").glob("*.sealed")
    data = bytearray(path.read_bytes())
    data[data.index(ids[30])] ^= 1
    path.write_bytes(data)
    checked = spool("verify", config.data_dir)
    assert checked.returncode == 1
    assert f"{path.name}: record 30: missing or damaged" in checked.stdout
    assert "segments: 1, records: 50, damaged: 1" in checked.stdout
    assert path.read_bytes() == data


def test_a_folder_without_a_spool_is_one_sentence(tmp_path: Path) -> None:
    said = spool("inspect", tmp_path / "nowhere")
    assert said.returncode == 2
    assert said.stderr.count("\n") == 1
    assert "there is no spool in" in said.stderr


async def test_replay_sends_what_is_lacking_and_doubles_nothing(tmp_path: Path) -> None:
    control = ControlPlane()
    async with running(control):
        config, ids = spool_with(tmp_path, 50)
        config = config_for(config.data_dir, control.url)
        (name,) = list_segments(config.data_dir / "spool")
        assert [one.sent for one in await replay(config, config.data_dir, [])] == [50]
        stream = control.streams[name.stream_id]
        for number in range(20, 50):
            del stream.records[number]
        stream.next, stream.closed = 20, False
        assert [one.sent for one in await replay(config, config.data_dir, [str(name)])] == [30]
        assert control.click_ids() == ids
        assert stream.closed
        stream.next = 30
        assert [one.sent for one in await replay(config, config.data_dir, [])] == [0], "it has ended: by a gap, perhaps"


async def test_replay_beside_a_running_edge_is_refused(tmp_path: Path) -> None:
    config, _ = spool_with(tmp_path, 5)
    with agent(config) as process:
        await asyncio.to_thread(process.until_ready)
        with pytest.raises(AlreadyRunning, match="another edge uses"):
            await replay(config, config.data_dir, [])
