"""A disk that refuses: failures are put into the agent's system calls by strace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.disks import small_disk
from tests.support.agent import AgentProcess, append_clicks, config_for, writer_for
from tests.support.control_plane import ControlPlane, running, without_duplicates


def failing(strace: str, injection: str) -> tuple[str, ...]:
    """A command prefix: the agent stays our own child (-D), and these of its system calls fail."""
    return (strace, "-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", f"inject={injection}")


@pytest.mark.parametrize(
    "injection",
    [
        "fdatasync:error=EIO:when=2",
        "fdatasync:error=EIO:when=3+4",
        "fdatasync:error=ENOSPC:when=1+3",
    ],
)
async def test_failed_syncs_lose_and_double_nothing(tmp_path: Path, strace: str, injection: str) -> None:
    async with running(ControlPlane()) as control:
        config = config_for(tmp_path / "edge", control.url)
        writer = writer_for(config)
        process = AgentProcess(config).start(*failing(strace, injection))
        try:
            await asyncio.to_thread(process.until_ready)
            ids: list[bytes] = []
            for _ in range(40):
                ids += append_clicks(writer, 20)
                await asyncio.sleep(0.1)
            await control.until(lambda: set(ids) <= set(control.click_ids()), 60)
            refused = process.log_text().count("the spool's disk refused")
        finally:
            process.kill()
    assert without_duplicates(control.click_ids())
    assert refused > 0
    print(f"{injection}: {refused} refusals, {len(ids)} clicks, 0 lost, 0 doubled")


async def test_a_failed_sync_is_never_repeated_on_the_same_file(tmp_path: Path, strace: str) -> None:
    trace = tmp_path / "trace"
    async with running(ControlPlane()) as control:
        config = config_for(tmp_path / "edge", control.url)
        writer = writer_for(config)
        process = AgentProcess(config).start(
            strace, "-D", "-f", "--seccomp-bpf", "-qq", "-y", "-e", "trace=fdatasync", "-o", str(trace),
            "-e", "inject=fdatasync:error=EIO:when=3+3",
        )  # fmt: skip
        try:
            await asyncio.to_thread(process.until_ready)
            ids: list[bytes] = []
            for _ in range(25):
                ids += append_clicks(writer, 20)
                await asyncio.sleep(0.15)
            await control.until(lambda: set(ids) <= set(control.click_ids()), 60)
        finally:
            process.kill()
    failed: set[str] = set()
    for line in trace.read_text(encoding="utf-8").splitlines():
        if "fdatasync(" not in line:
            continue
        name = line.split("<", 1)[1].split(">", 1)[0].rpartition("/")[2].partition(".")[0]
        assert name not in failed, "a segment was synced again after its sync had failed"
        if "EIO" in line:
            failed.add(name)
    assert failed
    print(f"{len(failed)} segments were ended by a failed sync; none was synced again")


async def test_a_kill_after_a_failed_sync_still_decides_the_end(tmp_path: Path, strace: str) -> None:
    """From the second sync on each fails: what is in the file behind the first must be void for the next agent."""
    async with running(ControlPlane()) as control:
        config = config_for(tmp_path / "edge", control.url)
        writer = writer_for(config)
        process = AgentProcess(config).start(*failing(strace, "fdatasync:error=EIO:when=2+"))
        await asyncio.to_thread(process.until_ready)
        ids: list[bytes] = []
        for _ in range(10):
            ids += append_clicks(writer, 20)
            await asyncio.sleep(0.1)
        process.kill()
        with_good_disk = AgentProcess(config).start()
        try:
            await control.until(lambda: set(ids) <= set(control.click_ids()), 60)
        finally:
            with_good_disk.kill()
    assert without_duplicates(control.click_ids())


async def test_a_disk_that_hangs_holds_no_worker_up_and_loses_nothing(tmp_path: Path, strace: str) -> None:
    """A sync that takes 5 s, at 2,000 clicks a second."""
    async with running(ControlPlane()) as control:
        config = config_for(tmp_path / "edge", control.url)
        writer = writer_for(config)
        process = AgentProcess(config).start(*failing(strace, "fdatasync:delay_enter=5000000:when=3"))
        try:
            await asyncio.to_thread(process.until_ready)
            ids: list[bytes] = []
            worst = 0.0
            for _ in range(300):
                started = time.perf_counter()
                ids += append_clicks(writer, 40)
                worst = max(worst, time.perf_counter() - started)
                await asyncio.sleep(0.02)
            await control.until(lambda: set(ids) <= set(control.click_ids()), 60)
        finally:
            process.kill()
    assert without_duplicates(control.click_ids())
    assert control.gaps() == []
    assert worst < 0.5, "even on a busy machine"
    print(f"disk hung for 5 s: {len(ids)} clicks, slowest append of 40 {worst * 1_000:.1f} ms, 0 lost, 0 doubled")


@pytest.fixture
def tiny_spool(tmp_path: Path) -> Iterator[Path]:
    """A spool on a file system of its own, of 256 KiB."""
    spool = tmp_path / "edge" / "spool"
    with small_disk(spool, "256k"):
        yield spool


async def test_a_full_disk_loses_nothing_while_the_rings_have_room(tiny_spool: Path) -> None:
    """Filled by somebody else, then freed."""
    ballast = tiny_spool / "ballast"
    async with running(ControlPlane()) as control:
        config = config_for(tiny_spool.parent, control.url)
        writer = writer_for(config)
        ballast.write_bytes(bytes(200_000))
        process = AgentProcess(config).start()
        try:
            await asyncio.to_thread(process.until_ready)
            ids: list[bytes] = []
            for _ in range(10):
                ids += append_clicks(writer, 50)
                await asyncio.sleep(0.1)
            await control.until(lambda: "the spool's disk refused" in process.log_text())
            ballast.unlink()
            await control.until(lambda: set(ids) <= set(control.click_ids()), 60)
        finally:
            process.kill()
    assert without_duplicates(control.click_ids())
