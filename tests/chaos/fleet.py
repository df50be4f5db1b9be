"""Several edges' agents over networks of their own, and what each holds in the end."""

from __future__ import annotations

import random
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import msgspec

from edge.config import EdgeConfig
from edge.linkchain import verify_all
from edge.linkfiles import (
    MOVED,
    POSITION,
    Damage,
    Position,
    current_generation,
    name_of,
    normal_key,
    open_generation,
    read_position,
    unseal,
)
from shared.wire import Entry, entry_key
from tests.chaos.proxy import Network, network
from tests.support.agent import AgentProcess, agent, config_for
from tests.support.installation import Installation

WEATHER_LASTS_S = 0.3
NOBODY_LISTENS = 9  # port

_decode = msgspec.msgpack.Decoder(Entry).decode


@dataclass(frozen=True)
class Edge:
    """One node: a real agent, its link cache, the network between it and the control plane."""

    config: EdgeConfig
    agent: AgentProcess
    network: Network

    def position(self) -> Position | None:
        """Of what workers would serve, without the digest, which is the cache's own; None while there is nothing, or
        another generation begins."""
        try:
            generation = current_generation(self.config.links_dir)
            environment, _ = open_generation(self.config.links_dir / generation, readonly=True)
        except Damage:
            return None
        try:
            return msgspec.structs.replace(read_position(environment), digest=0)
        finally:
            environment.close()

    def entries(self) -> dict[str, Entry]:
        """Everything in the link cache, by key, which is what its position says. Raises Damage."""
        generation = current_generation(self.config.links_dir)
        environment, _ = open_generation(self.config.links_dir / generation, readonly=True)
        held: dict[str, Entry] = {}
        digest = read_position(environment).digest
        with environment.begin() as view, view.cursor() as cursor:
            assert verify_all(view) == digest
            for name, stored in cursor:
                if name in (POSITION, MOVED):
                    continue
                entry = _decode(unseal(name, stored))
                assert name == name_of(normal_key(entry_key(entry)))
                held[entry_key(entry)] = entry
        environment.close()
        return held

    def snapshots(self) -> int:
        return self.agent.log_text().count('"snapshot taken"')


@contextmanager
def fleet(made: Installation, count: int) -> Generator[list[Edge]]:
    """So many agents of one control plane."""
    with ExitStack() as stack:
        edges: list[Edge] = []
        for number in range(count):
            between = stack.enter_context(network(made.control_port))
            between.chance = random.Random(number)
            config = config_for(made.folder / f"edge-{number}", f"http://127.0.0.1:{between.port}")
            config = msgspec.structs.replace(config, token=made.edge_token)
            edges.append(Edge(config, stack.enter_context(agent(config)), between))
        yield edges


@contextmanager
def weather(made: Installation, edges: list[Edge], seed: int) -> Generator[list[int]]:
    """For the length of the block each network is good, bad or cut off, as it comes; good at the end. Yields a list
    whose length is how often one was cut off."""
    chance, cut_offs, is_over = random.Random(seed), list[int](), threading.Event()

    def change() -> None:
        while not is_over.wait(WEATHER_LASTS_S):
            for number, edge in enumerate(edges):
                kind = chance.choice(("good", "bad", "bad", "cut off"))
                _become(edge.network, kind, made.control_port)
                cut_offs.extend([number] if kind == "cut off" else [])

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    try:
        yield cut_offs
    finally:
        is_over.set()
        thread.join()
        for edge in edges:
            _become(edge.network, "good", made.control_port)


def _become(between: Network, kind: str, port: int) -> None:
    between.target = NOBODY_LISTENS if kind == "cut off" else port
    between.cut = {"good": 0.0, "bad": 0.4, "cut off": 1.0}[kind]
    between.delay_s = 0.05 if kind == "bad" else 0.0
    between.repeat = 0.0 if kind == "good" else 0.8
