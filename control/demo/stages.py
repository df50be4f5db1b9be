"""How long the demo took to come up, stage by stage."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

STARTED_VARIABLE = "CLICKTRAIL_DEMO_STARTED"  # set by `make demo`: when it began (Unix seconds)


class Stages:
    """Times the stages of a start; the first is whatever `make demo` did before."""

    def __init__(self) -> None:
        self._stages: list[tuple[str, float]] = []
        if STARTED_VARIABLE in os.environ:
            self._stages.append(("preparation", max(0.0, time.time() - float(os.environ[STARTED_VARIABLE]))))

    @contextmanager
    def timed(self, name: str) -> Generator[None]:
        """Times the block as a stage."""
        end = self.begin(name)
        yield
        end()

    def begin(self, name: str) -> Callable[[], None]:
        """Begins a stage; the returned function ends it."""
        began = time.monotonic()
        return lambda: self._stages.append((name, time.monotonic() - began))

    def show(self, console: Console) -> None:
        """Prints each stage's time and share."""
        total = sum(seconds for _, seconds in self._stages)
        table = Table(box=None, padding=(0, 2), show_header=False)
        table.add_column()
        table.add_column(justify="right")
        table.add_column(justify="right")
        for name, seconds in self._stages:
            table.add_row(name, f"{seconds:.1f} s", f"{seconds / total:.0%}" if total else "")
        table.add_row("[bold]ready after[/]", f"[bold]{total:.1f} s[/]", "")
        console.print(table)
