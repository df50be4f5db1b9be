"""Child processes: shown, reaped, and gone with the run that started them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.processes import running, spawn, wait_until, wait_until_http

IGNORES_SIGTERM = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
FORKS = "import os, time; print(os.fork(), flush=True); time.sleep(60)"
ORPHANS = """
from pathlib import Path
import os, sys
from tests.support.processes import spawn
print(spawn(["sleep", "60"], log=Path(sys.argv[1])).pid, flush=True)
os.kill(os.getpid(), 9)
"""


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but waits to be reaped does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_waits_for_an_answer_and_ends_the_server(tmp_path: Path) -> None:
    port = free_port()
    serve = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", tmp_path, str(port)]
    with running(serve, log=tmp_path / "log") as child:
        wait_until_http(f"http://127.0.0.1:{port}/", host="go.localhost", child=child)
        assert "GET / " in child.output()
    assert not child.is_running()


def test_a_child_that_ends_early_is_shown_with_its_log(tmp_path: Path) -> None:
    with (
        running([sys.executable, "-c", "raise SystemExit('no such key: colour')"], log=tmp_path / "log") as child,
        pytest.raises(AssertionError, match="no such key: colour"),
    ):
        wait_until_http(f"http://127.0.0.1:{free_port()}/", child=child)


def test_a_child_that_ignores_sigterm_is_killed_and_said_so(tmp_path: Path) -> None:
    child = spawn([sys.executable, "-c", IGNORES_SIGTERM], log=tmp_path / "log")
    wait_until(lambda: "ready" in child.output(), what="the handler")
    with pytest.raises(AssertionError, match="ignored SIGTERM"):
        child.terminate(timeout_s=0.1)
    assert child.process.returncode == -signal.SIGKILL


def test_what_a_child_forked_ends_with_it(tmp_path: Path) -> None:
    with running([sys.executable, "-c", FORKS], log=tmp_path / "log") as child:
        wait_until(lambda: len(child.output().split()) == 2, what="both processes")
        forked = max(int(word) for word in child.output().split())
        assert is_alive(forked)
    wait_until(lambda: not is_alive(forked), what="the grandchild's end")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's own")
def test_a_child_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ORPHANS, str(tmp_path / "log")]
    parent = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": "."})
    assert parent.returncode == -signal.SIGKILL
    wait_until(lambda: not is_alive(int(parent.stdout)), what="the orphan's end")
