"""An edge machine has the edge alone: `clicktrail[edge]` from the wheel, in an environment that has nothing else.

`CLICKTRAIL_TEST_SOAK=1` also prints how long its processes import and how much memory they take after some thousand
requests.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.building import HOST, domain, fill, link
from tests.edge.edges import Edge, settings
from tests.support.imports import ROOT
from tests.support.ports import free_port
from tests.support.processes import running, wait_until
from tests.support.programs import program
from tests.test_dependencies import declared, distribution

SOAK = bool(os.environ.get("CLICKTRAIL_TEST_SOAK"))
INSTALL_S = 300
REQUESTS = 1_000
MEASURED = 11
OF_CONTROL_ALONE = declared(["control"]) - declared(["edge"]) - {"clicktrail", "idna"}  # aiohttp needs idna too
IMPORTS = {"python": "pass", "supervisor": "import edge.command", "worker": "import edge.worker, edge.connections",
           "agent": "import edge.agent.__main__"}  # fmt: skip


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with `clicktrail[edge]`, every package of it by the hash in constraints.txt."""
    folder = tmp_path_factory.mktemp("alone")
    uv = program("uv", "uv")
    run(program("hatchling", "hatchling"), "build", "--target", "wheel", "--directory", folder, cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    wanted = folder / "requirements.txt"
    wanted.write_text(f"clicktrail[edge] @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    run(uv, "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    run(
        *(uv, "pip", "install", "--quiet", "--python", folder / "venv/bin/python", "--require-hashes"),
        *("--constraint", ROOT / "constraints.txt", "--requirement", wanted),
        cwd=folder,
    )
    return folder / "venv"


@pytest.fixture
def edge(environment: Path, tmp_path: Path) -> Iterator[Edge]:
    """It runs there, with links that were synced before."""
    fill(tmp_path / "data/links", domain(), link())
    port = free_port()
    command = (environment / "bin/clicktrail-edge",)
    with running(command, log=tmp_path / "log", environment=own(tmp_path, port), directory=tmp_path) as child:
        started = Edge(child, port, tmp_path / "data")
        started.wait_until_healthy()
        yield started


def own(folder: Path, port: int) -> dict[str, str]:
    """The environment of a process that is to see nothing of this checkout."""
    return {**settings(folder, port, workers="1", ring_mib="64"), "PYTHONPATH": "", "VIRTUAL_ENV": ""}


def run(*command: str | Path, cwd: Path) -> str:
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=INSTALL_S)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_nothing_of_the_control_plane_comes_along(environment: Path) -> None:
    listed = run(program("uv", "uv"), "pip", "list", "--quiet", "--python", environment / "bin/python", cwd=environment)
    installed = {distribution(line) for line in listed.splitlines()[2:]}
    assert declared(["edge"]) < installed
    assert installed & OF_CONTROL_ALONE == set()
    assert {"sqlalchemy", "asyncpg", "typer", "rich"} < OF_CONTROL_ALONE


def test_it_redirects_and_says_that_it_is_well(edge: Edge, environment: Path) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=5)
    assert ask(connection, "/spring") == (302, "https://shop.example/sale")
    assert ask(connection, "/_t/health")[0] == 200
    assert ask(connection, "/_t/t.js")[0] == 200
    (worker,) = edge.pids("edge.worker")
    files = Path(f"/proc/{worker}/maps").read_text()
    assert str(environment) in files
    assert str(ROOT / ".venv") not in files
    assert edge.child.terminate(15) == 0


def test_help_and_errors_are_plain_sentences(environment: Path, tmp_path: Path) -> None:
    command = environment / "bin/clicktrail-edge"
    assert run(command, "--help", cwd=tmp_path).startswith("usage: clicktrail-edge")
    for variable, value, sentence in (
        ("CLICKTRAIL_EDGE_PORT", "0", "`port` is 0; it must be from 1 to 65535"),
        ("CLICKTRAIL_EDGE_PROT", "80", "unknown environment variable CLICKTRAIL_EDGE_PROT"),
        ("CLICKTRAIL_CONFIG", "nowhere.toml", "cannot read the configuration file nowhere.toml"),
    ):
        surroundings = {**os.environ, **own(tmp_path, 1), variable: value}
        ran = subprocess.run(
            command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False, timeout=INSTALL_S
        )
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr.startswith("clicktrail-edge: ")
        assert sentence in ran.stderr
        assert ran.stderr.count("\n") == 1


def test_a_command_of_the_control_plane_says_what_to_install(environment: Path, tmp_path: Path) -> None:
    for arguments in ((), ("--help",), ("up",)):
        command = (environment / "bin/clicktrail", *arguments)
        ran = subprocess.run(
            command, cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True, check=False, timeout=INSTALL_S
        )
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr.startswith("clicktrail: ")
        assert "install `clicktrail[control]`" in ran.stderr
        assert ran.stderr.count("\n") == 1


@pytest.mark.skipif(not SOAK, reason="measures: CLICKTRAIL_TEST_SOAK=1")
def test_what_it_costs(edge: Edge, environment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=5)
    assert {ask(connection, "/spring")[0] for _ in range(REQUESTS)} == {302}
    wait_until(lambda: next(edge.data.glob("spool/*.open"), None), what="a segment")
    processes = {"supervisor": [edge.child.pid], **{name: edge.pids(f"edge.{name}") for name in ("worker", "agent")}}
    lines = [f"{name}: {' and '.join(map(memory, pids))}" for name, pids in processes.items()]
    for name, code in IMPORTS.items():
        times = [timed(environment / "bin/python", code) for _ in range(MEASURED)]
        cpu_ms, wall_ms = (statistics.median(column) * 1_000 for column in zip(*times, strict=True))
        lines.append(f"imports of {name}: {cpu_ms:.0f} ms of CPU, {wall_ms:.0f} ms")
    with capsys.disabled():
        print("".join(f"\n  {line}" for line in lines), end="")


def ask(connection: http.client.HTTPConnection, target: str) -> tuple[int, str]:
    """Status and destination, without its fragment."""
    connection.request("GET", target, headers={"Host": HOST, "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"})
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.headers.get("Location", "").partition("#")[0]


def memory(pid: int) -> str:
    """What is resident of a process, and what of it no other process shares; without a worker's ring."""
    resident = own = 0.0
    is_ring = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, *values = line.split()
        if not name.endswith(":"):
            is_ring = line.endswith(".ring")
        elif not is_ring:
            resident += int(values[0]) / 1024 if name == "Rss:" else 0
            own += int(values[0]) / 1024 if name in ("Private_Clean:", "Private_Dirty:") else 0
    return f"{resident:.1f} MiB resident, {own:.1f} its own"


def timed(python: Path, code: str) -> tuple[float, float]:
    """Seconds of CPU and of wall clock that a process takes."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run((python, "-c", code), cwd=python.parent, env={"PATH": os.environ["PATH"]}, check=True)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, took
