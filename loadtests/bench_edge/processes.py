"""CPU time and cores of processes, from /proc."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_STATE, _PARENT, _TICKS = 0, 1, slice(11, 15)  # fields behind the command's name: `man 5 proc`


class CannotMeasure(Exception):
    """Something that the user can put right; the text says what."""


def tree(root: int) -> list[int]:
    """A process and all its living descendants. Raises CannotMeasure when it is gone."""
    parents = {
        int(entry.name): int(fields[_PARENT]) for entry in Path("/proc").glob("[0-9]*") if (fields := _stat(entry))
    }
    if root not in parents:
        raise CannotMeasure(f"process {root} is not running any more; look at its log")
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_s(pids: list[int]) -> float:
    """User and system time of the processes, with that of their children which have ended.

    Raises CannotMeasure when one of them is gone: its time would be missing."""
    ticks = 0
    for pid in pids:
        fields = _stat(Path(f"/proc/{pid}"))
        if not fields:
            raise CannotMeasure(f"process {pid} ended while it was measured")
        ticks += sum(map(int, fields[_TICKS]))
    return ticks / TICKS_PER_S


def pin(pids: list[int], core: int) -> None:
    """Keeps every thread of the processes on one core, and the threads that they will start."""
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            try:
                os.sched_setaffinity(int(thread.name), {core})
            except OSError as error:
                raise CannotMeasure(f"cannot keep process {pid} on core {core}: {error.strerror}") from None


def runs_module(pid: int, module: str) -> bool:
    """Whether a process is `python -m module`."""
    try:
        return module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def require(program: str, package: str) -> str:
    """The path of a program. Raises CannotMeasure, saying which Debian package has it."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        raise CannotMeasure(f"{program} is not installed; on Debian or Ubuntu: apt-get install {package}")
    return path


def _stat(process: Path) -> list[str]:
    """/proc/PID/stat from the third field on; empty when the process is gone or a zombie."""
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
    return [] if fields[_STATE] == "Z" else fields
