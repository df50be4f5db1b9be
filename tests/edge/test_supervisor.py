"""An edge as a whole: it starts with the control plane away, outlives its own processes, and stops in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections import Counter
from pathlib import Path
from statistics import median

import pytest

from edge import record
from edge.agent.ring_reader import RingReader, find_rings
from shared import click_id
from tests.chaos.disks import small_disk
from tests.edge.agent_process import Agent, AgentProcess
from tests.edge.building import HOST, changed, domain, fill, link, removed
from tests.edge.edges import COMMAND, Edge, is_alive, running_edge, settings, wait_until_gone
from tests.edge.serving import ask
from tests.support.imports import ROOT
from tests.support.ports import free_port
from tests.support.processes import wait_until

EDIT_LIVE_S = 0.05
STOP_S = 10


async def destination(edge: Edge, slug: str = "spring") -> str:
    reply = await ask(edge.port, f"/{slug}")
    return reply["location"].partition("#")[0] if reply.status == 302 else str(reply.status)


class TestStarting:
    async def test_without_any_shared_memory_it_redirects_all_the_same(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "rings", "4k") as memory:
            (memory / "taken").write_bytes(bytes(4096))
            with running_edge(tmp_path, domain(), link()) as edge:
                assert await destination(edge) == "https://shop.example/sale"

    async def test_last_known_good_links_serve_without_a_control_plane(self, tmp_path: Path) -> None:
        with running_edge(tmp_path, domain(), link()) as edge:
            assert len(edge.pids("edge.worker")) == 2
            assert len(edge.pids("edge.agent")) == 1
            assert await destination(edge) == "https://shop.example/sale"

    async def test_without_any_links_every_link_is_unavailable(self, tmp_path: Path) -> None:
        with running_edge(tmp_path) as edge:
            await wait_for_answer(edge)
            reply = await ask(edge.port, "/spring")
            assert (reply.status, reply["retry-after"]) == (503, "5")

    async def test_the_first_snapshot_is_served_as_soon_as_it_is_there(
        self, tmp_path: Path, agents: AgentProcess
    ) -> None:
        with running_edge(tmp_path) as edge:
            await wait_for_answer(edge)
            with agents.agent(edge.links_dir) as agent:
                agent.take_snapshot(domain(), link())
                await asyncio.sleep(EDIT_LIVE_S)
                assert await destination(edge) == "https://shop.example/sale"

    def test_a_port_in_use_is_one_sentence(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=1) as taken:
            port = taken.getsockname()[1]
            code, said = start(settings(tmp_path, port))
        assert code == 2
        assert said == f"clicktrail-edge: port {port} on 127.0.0.1 is in use by another program\n"

    def test_another_edge_is_noticed_though_its_port_could_be_shared(self, tmp_path: Path) -> None:
        with running_edge(tmp_path, domain()) as edge:
            code, said = start(settings(tmp_path, free_port()))
            assert (code, "another edge is using the data folder" in said) == (2, True)
            code, said = start(settings(tmp_path, edge.port, data=str(tmp_path / "other")))
            assert (code, "is in use by another program" in said) == (2, True)

    def test_a_data_folder_that_is_none_is_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        code, said = start(settings(tmp_path, free_port(), data=str(tmp_path / "file" / "data")))
        assert code == 2
        assert said.startswith(f"clicktrail-edge: the data folder {tmp_path}/file/data is not writable")
        assert said.count("\n") == 1

    def test_a_ring_folder_that_is_none_is_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        code, said = start(settings(tmp_path, free_port(), ring_dir=str(tmp_path / "file")))
        assert code == 2
        assert said.startswith("clicktrail-edge: the folder of the rings")
        assert said.count("\n") == 1

    def test_a_wrong_value_is_one_sentence(self, tmp_path: Path) -> None:
        code, said = start(settings(tmp_path, free_port(), workers="many"))
        assert code == 2
        assert "workers" in said
        assert said.count("\n") == 1


def start(environment: dict[str, str]) -> tuple[int, str]:
    """An edge that is expected not to start: its exit code and what it said."""
    ran = subprocess.run(
        COMMAND, env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    return ran.returncode, ran.stderr


async def wait_for_answer(edge: Edge) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            await ask(edge.port, "/_t/health")
            return
        await asyncio.sleep(0.02)
    raise AssertionError(edge.child.describe())


class TestEditing:
    async def test_edits_are_live_on_every_worker_within_50_ms(self, tmp_path: Path, agents: AgentProcess) -> None:
        """The median of 21, so that a busy machine may be late once in a while; every one is live in the end."""
        with running_edge(tmp_path, domain(), link()) as edge, agents.agent(edge.links_dir) as agent:
            took = [await self._apply_and_time(edge, agent, rev) for rev in range(11, 32)]
            assert median(took) <= EDIT_LIVE_S
            agent.apply(removed(32, f"link:{HOST}/spring"))
            await until_everywhere(edge, "404")

    async def _apply_and_time(self, edge: Edge, agent: Agent, rev: int) -> float:
        agent.apply(changed(rev, link("spring", f"https://shop.example/{rev}")))
        began = time.monotonic()
        await until_everywhere(edge, f"https://shop.example/{rev}")
        return time.monotonic() - began


async def until_everywhere(edge: Edge, expected: str) -> None:
    """Returns when 8 requests in a row, spread over the workers by the kernel, are answered so."""
    deadline = time.monotonic() + 5
    in_a_row = 0
    while in_a_row < 8:
        assert time.monotonic() < deadline, f"{expected} is not live"
        in_a_row = in_a_row + 1 if await destination(edge) == expected else 0


class TestDying:
    async def test_a_killed_worker_is_replaced_and_its_queue_answered(self, tmp_path: Path) -> None:
        with running_edge(tmp_path, domain(), link(), workers="1") as edge:
            (worker,) = edge.pids("edge.worker")
            os.kill(worker, signal.SIGSTOP)
            waiting = [asyncio.create_task(destination(edge)) for _ in range(50)]
            await asyncio.sleep(0.2)
            os.kill(worker, signal.SIGKILL)
            answered = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)
            assert edge.pids("edge.worker") != [worker]
        assert Counter(answered) == {"https://shop.example/sale": 50}

    async def test_a_killed_workers_clicks_are_kept(self, tmp_path: Path) -> None:
        with running_edge(tmp_path, domain(), link(), workers="1") as edge:
            (agent,) = edge.pids("edge.agent")
            os.kill(agent, signal.SIGSTOP)
            answered = {(await ask(edge.port, "/spring"))["location"].partition("#ct_")[2] for _ in range(20)}
            (worker,) = edge.pids("edge.worker")
            os.kill(worker, signal.SIGKILL)
            kept = {click for path in rings(tmp_path) for click in clicks_in(path)}
            assert answered <= kept
            assert len(answered) == 20

    async def test_a_worker_that_is_told_to_stop_refuses_nobody(self, tmp_path: Path) -> None:
        with running_edge(tmp_path, domain(), link(), workers="1") as edge:
            stop = asyncio.Event()
            visitors = [asyncio.create_task(visit_until(edge, stop)) for _ in range(8)]
            for _ in range(3):
                (worker,) = edge.pids("edge.worker")
                os.kill(worker, signal.SIGTERM)
                await asyncio.to_thread(
                    wait_until, lambda dead=worker: edge.pids("edge.worker") not in ([], [dead]), what="a new worker"
                )
                await asyncio.sleep(0.5)
            stop.set()
            seen = {answer for answers in await asyncio.gather(*visitors) for answer in answers}
        assert seen == {"https://shop.example/sale"}

    async def test_a_killed_agent_is_replaced_while_redirects_go_on(self, tmp_path: Path) -> None:
        with running_edge(tmp_path, domain(), link()) as edge:
            (agent,) = edge.pids("edge.agent")
            os.kill(agent, signal.SIGKILL)
            assert await destination(edge) == "https://shop.example/sale"
            wait_until(lambda: edge.pids("edge.agent") not in ([], [agent]), what="a new agent")

    def test_the_children_of_a_killed_supervisor_stop(self, tmp_path: Path) -> None:
        with running_edge(tmp_path, domain()) as edge:
            children = [*edge.pids("edge.worker"), *edge.pids("edge.agent")]
            assert len(children) == 3
            edge.child.kill()
            wait_until_gone(*children)

    async def test_a_cache_that_may_have_killed_a_reader_is_to_be_built_anew(self, tmp_path: Path) -> None:
        """LMDB aborts at a page that contradicts itself. The other links serve on meanwhile."""
        with running_edge(tmp_path, domain(), link(), workers="1") as edge:
            (worker,) = edge.pids("edge.worker")
            os.kill(worker, signal.SIGABRT)
            wait_until(lambda: edge.pids("edge.worker") not in ([], [worker]), what="a new worker")
            mark = edge.links_dir / (edge.links_dir / "current").read_text().strip() / "damaged"
            assert mark.read_text() == "worker 0 was killed by SIGABRT"
            assert await destination(edge) == "https://shop.example/sale"

    @pytest.mark.parametrize("number", [signal.SIGBUS, signal.SIGABRT])
    async def test_a_cache_that_kills_its_readers_is_set_aside(self, tmp_path: Path, number: signal.Signals) -> None:
        """Two such deaths within ten seconds: whatever the file is, it is not opened a third time."""
        with running_edge(tmp_path, domain(), link(), workers="1") as edge:
            for _ in range(2):
                (worker,) = edge.pids("edge.worker")
                os.kill(worker, number)
                wait_until(lambda dead=worker: edge.pids("edge.worker") not in ([], [dead]), what="a new worker")
            await asyncio.sleep(0.5)
            assert await destination(edge) == "503"
            assert not (edge.links_dir / "current").exists()


async def visit_until(edge: Edge, stop: asyncio.Event) -> Counter[str]:
    """What a visitor met who opens the link again and again, on a new connection each time."""
    seen: Counter[str] = Counter()
    while not stop.is_set():
        try:
            seen[await destination(edge)] += 1
        except (OSError, IndexError) as error:  # refused, reset, or closed without an answer
            seen[repr(error)] += 1
    return seen


def rings(folder: Path) -> list[Path]:
    return [path for node in (folder / "rings").iterdir() for path in find_rings(node)]


def clicks_in(ring: Path) -> list[str]:
    reader = RingReader.open(ring)
    found: list[record.Record] = []
    while (run := reader.read()) is not None:
        found += [record.decode(payload) for payload in run.payloads]
    reader.close()
    return [click_id.encode(click.click_id) for click in found if isinstance(click, record.Click)]


class TestStopping:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    async def test_stops_in_order_within_ten_seconds(self, tmp_path: Path, number: signal.Signals) -> None:
        with running_edge(tmp_path, domain(), link()) as edge:
            children = [*edge.pids("edge.worker"), *edge.pids("edge.agent")]
            assert await destination(edge) == "https://shop.example/sale"
            began = time.monotonic()
            edge.child.signal(number)
            code = await asyncio.to_thread(edge.child.process.wait, STOP_S)
            assert code == 0
            assert time.monotonic() - began < STOP_S
            assert not any(is_alive(pid) for pid in children)
            with pytest.raises(OSError, match=r"refused|failed"):
                await ask(edge.port, "/spring")

    async def test_a_request_in_flight_is_finished(self, tmp_path: Path) -> None:
        with running_edge(tmp_path, domain(), link(), workers="1") as edge:
            reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
            head = f"POST /_t/e HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 2\r\n\r\n"
            writer.write(head.encode())
            await asyncio.sleep(0.2)
            edge.child.signal(signal.SIGTERM)
            await asyncio.sleep(0.3)
            writer.write(b"{}")
            assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 400 ")
            writer.close()
            assert await asyncio.to_thread(edge.child.process.wait, STOP_S) == 0

    async def test_a_stopped_edge_starts_again_with_its_links(self, tmp_path: Path) -> None:
        fill(tmp_path / "data" / "links", domain(), link())
        for _ in range(2):
            with running_edge(tmp_path) as edge:
                edge.wait_until_healthy()
                assert await destination(edge) == "https://shop.example/sale"
                assert edge.child.terminate() == 0
