"""The redirect survives its log (R2): a whole edge on real sockets, whose agent or disk is taken away under load.

Every request is answered with a redirect, and every answered click is stored or counted in a gap, exactly. How long
answers took is printed beside a run without the fault, on the same edge; `make soak` (5 000 redirects a second, a disk
that hangs for 5 s) holds the two against each other: no redirect may take 50 ms longer than the slowest of the other
run.
"""

from __future__ import annotations

import asyncio
import os
import re
import resource
import signal
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from shared.wire import DomainEntry, LinkEntry
from tests.chaos.disks import small_disk
from tests.chaos.visitors import Scale, answered_ids, tally, visitors_of
from tests.edge.edges import Edge, running_edge
from tests.edge.serving import Talk, get
from tests.support.control_plane import ControlPlane, running, without_duplicates
from tests.support.processes import running as running_child
from tests.support.processes import wait_until, wait_until_http

pytestmark = pytest.mark.chaos

HOST, SLUG = "go.example", "spring"
IS_SOAK = bool(os.environ.get("CLICKTRAIL_TEST_SOAK"))
SCALE = Scale(5_000, 50, 10, 1) if IS_SOAK else Scale(1_000, 20, 6, 1)
CONTROL_S = 10.0 if IS_SOAK else 2.0
FAULT_AFTER_S = 1.0
START_S = 60.0  # on a busy machine
FAULT_S = 5.0 if IS_SOAK else 4.0
SPOOL_DISK = "256m" if IS_SOAK else "16m"
DELAY_S = 0.05  # that a fault may add
ROOMY_MIB, TIGHT_MIB = 64, 1  # of rings: for all clicks of a run, and for a part of them


@asynccontextmanager
async def edge_of(control: ControlPlane, folder: Path, **more: str) -> AsyncGenerator[Edge]:
    """An edge with one worker that follows `control` and can redirect."""
    control.publish(DomainEntry(HOST, bytes(16), bytes(16)), LinkEntry(HOST, SLUG, bytes(16), "https://shop.example/"))
    settings = {"workers": "1", "control_url": control.url, "token": control.token, **more}
    with running_edge(folder, **settings) as edge:
        health = f"http://127.0.0.1:{edge.port}/_t/health"
        await asyncio.to_thread(wait_until_http, health, child=edge.child, timeout_s=START_S)
        yield edge


def the(edge: Edge, module: str) -> int:
    """The pid of the edge's only process of a kind."""
    (pid,) = edge.pids(module)
    return pid


@contextmanager
def traced(pid: int, log: Path, *options: str) -> Generator[None]:
    """A running process and its threads under strace, for the length of a block."""
    command = ("strace", "-f", "-qq", "-o", str(log), *options, "-p", str(pid))
    with running_child(command, log=log.with_suffix(".strace")) as tracer:
        status = Path(f"/proc/{pid}/status")
        wait_until(lambda: f"TracerPid:\t{tracer.pid}\n" in status.read_text(), what="strace")
        yield
        tracer.terminate()


@contextmanager
def hung_disk(edge: Edge) -> Generator[None]:
    injection = f"fdatasync:delay_enter={int(FAULT_S * 1_000_000)}:when=1"
    with traced(the(edge, "edge.agent"), edge.data / "trace", "-e", "trace=fdatasync", "-e", f"inject={injection}"):
        yield


@contextmanager
def failing_disk(edge: Edge) -> Generator[None]:
    injection = "fdatasync:error=EIO"
    with traced(the(edge, "edge.agent"), edge.data / "trace", "-e", "trace=fdatasync", "-e", f"inject={injection}"):
        yield


@contextmanager
def full_disk(edge: Edge) -> Generator[None]:
    """The spool's file system has as much room as it takes now, and then a lot."""
    ballast = edge.data / "spool" / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65_536, 4_096):
            while _took(file.fileno(), size):
                pass
    yield
    ballast.unlink()


def _took(descriptor: int, size: int) -> bool:
    try:
        return os.write(descriptor, bytes(size)) == size
    except OSError:
        return False


@contextmanager
def dead_agent(edge: Edge) -> Generator[None]:
    """Killed, and not replaced, since the supervisor is held up."""
    edge.child.signal(signal.SIGSTOP)
    os.kill(the(edge, "edge.agent"), signal.SIGKILL)
    yield
    edge.child.signal(signal.SIGCONT)


@pytest.fixture
def small_spool(tmp_path: Path) -> Generator[Path]:
    """An edge's folder whose spool is on a file system of its own."""
    with small_disk(tmp_path / "data" / "spool", SPOOL_DISK):
        yield tmp_path


Fault = Callable[[Edge], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("fault", "rings_mib"),
    [(hung_disk, ROOMY_MIB), (failing_disk, ROOMY_MIB), (full_disk, TIGHT_MIB), (dead_agent, TIGHT_MIB)],
)
@pytest.mark.usefixtures("strace")
async def test_every_redirect_is_served_and_every_click_stored_or_counted(
    small_spool: Path, fault: Fault, rings_mib: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async with (
        running(ControlPlane()) as control,
        edge_of(control, small_spool, ring_mib=str(rings_mib), ring_budget_mib=str(rings_mib)) as edge,
    ):
        without = await visits(edge, small_spool / "without", SCALE._replace(seconds=CONTROL_S))
        async with visiting(edge, small_spool / "answered") as said:
            await asyncio.sleep(FAULT_AFTER_S)
            with fault(edge):
                await asyncio.sleep(FAULT_S)
        answered = answered_ids(small_spool / "without") + answered_ids(small_spool / "answered")
        await control.until(lambda: len(control.click_ids()) + gap_count(control) >= len(answered), 60)
        stored = control.click_ids()
        dropped = gap_count(control)
    with capsys.disabled():
        print(f"\n  {fault.__name__}: {describe(said, without)}, {len(stored)} stored, {dropped} in gaps", end="")
    assert said["refused"] == said["broken"] == without["refused"] == without["broken"] == 0
    assert len(answered) == said["asked"] + without["asked"]
    assert without_duplicates(stored)
    assert set(stored) <= set(answered)
    assert len(stored) + dropped == len(answered)
    assert (dropped > 0) == (rings_mib == TIGHT_MIB)
    assert not any(gap.at_least for gap in control.gaps())
    if IS_SOAK:
        assert said["slowest_s"] <= without["slowest_s"] + DELAY_S


def gap_count(control: ControlPlane) -> int:
    return sum(gap.count for gap in control.gaps())


@asynccontextmanager
async def visiting(edge: Edge, answered: Path, scale: Scale = SCALE) -> AsyncGenerator[dict[str, float]]:
    """Visitors for the length of a block; at its end what they counted."""
    said: dict[str, float] = {}
    with visitors_of(edge.port, HOST, SLUG, answered, scale) as visitors:
        yield said
        await asyncio.to_thread(visitors.process.wait)
    said.update(tally(visitors))


async def visits(edge: Edge, answered: Path, scale: Scale) -> dict[str, float]:
    async with visiting(edge, answered, scale) as said:
        pass
    return said


def describe(said: dict[str, float], without: dict[str, float]) -> str:
    """Times in ms, those without the fault in brackets."""
    times = (
        f"{name} {said[key] * 1e3:.1f} ({without[key] * 1e3:.1f})"
        for name, key in (("p99", "p99_s"), ("worst", "slowest_s"))
    )
    return (
        f"{said['redirected']:.0f} of {said['asked']:.0f} served at {said['per_second']:.0f}/s, ms {', '.join(times)}"
    )


@pytest.mark.usefixtures("strace")
async def test_a_worker_asks_no_disk_for_a_redirect(tmp_path: Path) -> None:
    """Why no fault can delay it: outside of the rings it looks at one file's name, now and then, and that is all. The
    agent is dead meanwhile, so that the rings fill, grow, and are full."""
    trace = tmp_path / "worker.trace"
    async with (
        running(ControlPlane()) as control,
        edge_of(control, tmp_path, ring_mib=str(TIGHT_MIB), ring_budget_mib=str(TIGHT_MIB)) as edge,
    ):
        await visits(edge, tmp_path / "before", Scale(500, 5, 1, 0))  # what is done once is done
        with dead_agent(edge), traced(the(edge, "edge.worker"), trace, "-y"):
            await visits(edge, tmp_path / "answered", Scale(1_000, 10, 5, 0))
        await control.until(lambda: gap_count(control) > 0)
    of_memory = (str(tmp_path / "rings"), "/proc/")
    touched = places_in(trace)
    in_memory = {call for call, place in touched if place.startswith(of_memory)}
    elsewhere = {(call, place) for call, place in touched if not place.startswith(of_memory)}
    assert {"openat", "fallocate", "rename"} <= in_memory, "no ring was made meanwhile"
    assert {place for _, place in elsewhere} == {str(edge.links_dir / "current")}
    assert {call for call, _ in elsewhere} <= {"newfstatat", "stat", "statx"}


def places_in(trace: Path) -> list[tuple[str, str]]:
    """System calls and what they touched in file systems, by name or by descriptor."""
    found: list[tuple[str, str]] = []
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        call = _call(line)
        if call is not None and call[1] not in ("recvfrom", "sendto"):  # whose text is a visitor's or ours
            found += ((call[1], place) for place in _place(_working_directory("", line)))
    return found


_call = re.compile(r"\d+ +(?:<\.\.\. )?(\w+)").match
_place = re.compile(r"[<\"](/[^>\"]*)[>\"]").findall
_working_directory = re.compile(r"AT_FDCWD<[^>]*>").sub


@contextmanager
def out_of_descriptors(pid: int) -> Generator[None]:
    """A process that gets no descriptor above those that it has, for the length of a block."""
    most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = max(int(held.name) for held in Path(f"/proc/{pid}/fd").iterdir())
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 1, most[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_NOFILE, most)


CLICK = get(f"/{SLUG}", host=HOST)


async def connections(edge: Edge, count: int) -> list[Talk]:
    return [Talk(*await asyncio.open_connection("127.0.0.1", edge.port)) for _ in range(count)]


async def answers(talk: Talk) -> bool:
    """Whether a click is answered within the time that tells waiting from being served."""
    try:
        async with asyncio.timeout(0.5):
            return (await talk.hear_head()).status == 302
    except TimeoutError:
        return False


async def test_a_worker_out_of_descriptors_serves_who_is_there_and_then_who_waits(tmp_path: Path) -> None:
    """Connections of a proxy, which are never closed to make room."""
    async with (
        running(ControlPlane()) as control,
        edge_of(control, tmp_path, trusted_proxies="127.0.0.1/32") as edge,
    ):
        worker = the(edge, "edge.worker")
        inside = await connections(edge, 20)
        for talk in inside:
            talk.say(CLICK)
            assert (await talk.hear_head()).status == 302
        with out_of_descriptors(worker):
            outside = await connections(edge, 20)
            for talk in outside:
                talk.say(CLICK)
            waiting = [talk for talk in outside if not await answers(talk)]
            before = cpu_s(worker)
            for _ in range(20):
                for talk in inside:
                    talk.say(CLICK)
                    assert (await talk.hear_head()).status == 302
                await asyncio.sleep(0.1)
            used_s = cpu_s(worker) - before
        for talk in waiting:
            assert (await talk.hear_head()).status == 302
        await control.until(lambda: len(control.click_ids()) == 20 + 20 + 20 * 20)
    assert len(waiting) > 10
    assert used_s < 0.6, "a worker that can take nobody must not ask without end"
    assert without_duplicates(control.click_ids())


def cpu_s(pid: int) -> float:
    """CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_an_agent_out_of_descriptors_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It goes on as it is. A worker that is killed meanwhile leaves a ring, and its successor begins another, which the
    agent cannot open."""
    async with running(ControlPlane()) as control, edge_of(control, tmp_path) as edge:
        agent = the(edge, "edge.agent")
        with out_of_descriptors(agent):
            await visits(edge, tmp_path / "first", Scale(500, 10, 2, 0))
            os.kill(the(edge, "edge.worker"), signal.SIGKILL)
            await asyncio.to_thread(edge.wait_until_healthy)
            await visits(edge, tmp_path / "second", Scale(500, 10, 2, 0))
        answered = answered_ids(tmp_path / "first") + answered_ids(tmp_path / "second")
        await control.until(lambda: set(answered) <= set(control.click_ids()), 60)
        stored = control.click_ids()
        assert edge.pids("edge.agent") == [agent], edge.child.output()
    with capsys.disabled():
        print(f"\n  agent out of descriptors: {len(answered)} answered, {len(stored)} stored", end="")
    assert without_duplicates(stored)
    assert set(stored) == set(answered)
    assert control.gaps() == []
