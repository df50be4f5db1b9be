"""One round: the load generator against one target, and what that cost.

Every round is held to account. Answers must be as expected, and the target must have put down every request that was
answered and none that was not sent; else the figures would compare different work.
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from loadtests.bench_edge import processes
from loadtests.bench_edge.links import destinations
from loadtests.bench_edge.mix import Request
from loadtests.bench_edge.processes import CannotMeasure
from loadtests.bench_edge.targets import HERE, Target

SETTLE_S: Final = 0.5  # lets buffered log writes land before CPU time is read
WRK_MARGIN_S: Final = 60
ANSWER_S: Final = 10.0


class Load(msgspec.Struct, frozen=True):
    """How a mode asks for requests. `rate` (requests/s) 0: as fast as the server answers."""

    connections: int
    seconds: int
    rate: int = 0


class Round(msgspec.Struct, frozen=True):
    """CPU in microseconds: of the servers a request, of the agents a record. Latencies in microseconds."""

    requests: int
    per_second: float
    cpu_us: float
    agent_us: float
    busy: float  # cores that the servers kept busy
    p50_us: int
    p99_us: int
    max_us: int
    errors: int  # of sockets, and of statuses that were not as expected
    late: int  # with a rate: requests that left over 1 ms late, because no connection was free


class Tally:
    """Requests that a target must have kept: at least those that were answered, at most those that were sent."""

    def __init__(self) -> None:
        self.answered = self.sent = self.misses_sent = 0


class _Result(msgspec.Struct):
    requests: int
    duration_us: int
    sent: int
    misses_sent: int
    late: int
    status_errors: int
    socket_errors: int
    p50_us: int
    p99_us: int
    max_us: int


class Measurement:
    """All rounds against one target."""

    def __init__(self, target: Target, requests_file: Path) -> None:
        self.target, self._file = target, requests_file
        self._tally = Tally()

    def warm_up(self, load: Load) -> None:
        self._run(load)
        self._check_kept()

    def round(self, load: Load) -> Round:
        """Raises CannotMeasure."""
        target = self.target
        os.sync()  # nobody pays for writing back the log of the one before
        kept_before = self._tally.answered
        servers, agents = processes.cpu_s(target.servers), processes.cpu_s(target.agents)
        result = self._run(load)
        time.sleep(SETTLE_S)
        servers = processes.cpu_s(target.servers) - servers
        self._check_kept()
        agents = processes.cpu_s(target.agents) - agents
        target.check_alive()
        if not servers:
            raise CannotMeasure(f"{target.name}: {result.requests} requests without any CPU time")
        seconds = result.duration_us / 1e6
        surplus = result.status_errors - result.misses_sent  # one is counted when answered, the other when sent
        return Round(
            requests=result.requests,
            per_second=result.requests / seconds,
            cpu_us=servers * 1e6 / result.requests,
            agent_us=agents * 1e6 / (self._tally.answered - kept_before),
            busy=servers / seconds,
            p50_us=result.p50_us,
            p99_us=result.p99_us,
            max_us=result.max_us,
            errors=result.socket_errors + max(0, abs(surplus) - load.connections),
            late=result.late,
        )

    def verify(self, sample: list[Request]) -> None:
        """Each of the requests must be answered exactly: a known link with 302 and (the beginning of) a destination of
        its own, an unknown one with 404, a beacon with 204. Raises CannotMeasure."""
        url = urlsplit(self.target.url)
        try:
            with socket.create_connection((url.hostname, url.port), ANSWER_S) as connection:
                for request in sample:
                    self._verify_one(request, *_ask(connection, request))
        except (OSError, http.client.HTTPException) as error:
            raise CannotMeasure(f"{self.target.name} did not answer {self.target.url}: {error!r}") from None

    def _verify_one(self, request: Request, status: int, location: str) -> None:
        if not _is_right(request, status, location):
            line = request.raw.partition(b"\r\n")[0].decode("ascii")
            raise CannotMeasure(f"{self.target.name} answered {line} with {status} {location}")
        self._tally.answered += 1
        self._tally.sent += 1
        self._tally.misses_sent += request.kind == "miss"

    def finish(self) -> None:
        """Stops the target in order and compares all that it kept with all that was asked of it."""
        kept, tally = self.target.kept_after_stop(), self._tally
        if not tally.answered <= kept <= tally.sent:
            name = self.target.name
            raise CannotMeasure(f"{name} kept {kept} of {tally.answered} answered and {tally.sent} sent requests")

    def _check_kept(self) -> None:
        tally = self._tally
        later = 0 if self.target.keeps_misses_at_once else tally.misses_sent
        least, most = tally.answered - later, tally.sent - later
        kept = self.target.kept(least)
        if not least <= kept <= most:
            name = self.target.name
            raise CannotMeasure(f"{name} kept {kept} of {least} answered and {most} sent requests")

    def _run(self, load: Load) -> _Result:
        command = [processes.require("wrk", "wrk"), "-t1", f"-c{load.connections}", f"-d{load.seconds}s", "--latency"]
        command += ["-s", str(HERE / "wrk.lua"), self.target.url, "--", str(self._file)]
        command += [str(load.rate)] if load.rate else []
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=load.seconds + WRK_MARGIN_S)
        line = next((line for line in ran.stdout.splitlines() if line.startswith("{")), None)
        if line is None:
            raise CannotMeasure(f"wrk failed against {self.target.name}:\n{ran.stdout}{ran.stderr}")
        result = msgspec.json.decode(line, type=_Result)
        if not result.requests:
            raise CannotMeasure(f"{self.target.name} answered nothing; look at its log")
        self._tally.answered += result.requests
        self._tally.sent += result.sent
        self._tally.misses_sent += result.misses_sent
        return result


def _ask(connection: socket.socket, request: Request) -> tuple[int, str]:
    """The request's own bytes, over a connection that stays open."""
    connection.sendall(request.raw)
    response = http.client.HTTPResponse(connection)
    response.begin()
    response.read()
    return response.status, response.getheader("Location", "")


def _is_right(request: Request, status: int, location: str) -> bool:
    match request.kind:
        case "hit":
            assert request.link is not None
            return status == 302 and location.startswith(destinations(request.link))
        case "miss":
            return status == 404
        case "beacon":
            return status == 204
