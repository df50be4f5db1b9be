"""A domain is verified once its host was seen to lead to an edge that knows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from control.app import make_app
from control.config import ControlConfig
from control.domains import verification
from control.domains.verification import NotReached, require_reached
from control.services import Services
from shared.wire import DomainEntry
from tests.control.api import Json, a_domain, call
from tests.control.conftest import SECRET_KEY
from tests.control.feed import held_by_edges
from tests.edge.serving import serving
from tests.support.client import Client, client_of
from tests.support.ports import free_port

HOST = "go.localhost"
OTHER_ID = bytes(16)


def reached_at(services: Services, port: int) -> Services:
    return replace(services, config=ControlConfig(edge_public_scheme="http", edge_public_port=port))


async def verify(services: Services, domain: Json, *, status: int) -> Json:
    async with client_of(make_app(services), {"Authorization": f"Bearer {SECRET_KEY}"}) as client:
        return await call(client, "POST", f"/api/v1/domains/{domain['id']}/verify", status=status)


async def test_a_domain_that_leads_to_an_edge_is_verified(client: Client, services: Services, tmp_path: Path) -> None:
    domain = await a_domain(client, HOST)
    assert domain["verified_at"] is None
    held = (await held_by_edges(services.database))[f"domain:{HOST}"]
    assert isinstance(held, DomainEntry)
    assert not held.is_verified

    async with serving(tmp_path / "edge", held) as edge:
        verified = await verify(reached_at(services, edge.port), domain, status=200)
        again = await verify(reached_at(services, edge.port), domain, status=200)

    assert verified["verified_at"] is not None
    assert again == verified
    read = await call(client, "GET", f"/api/v1/domains/{domain['id']}", status=200)
    assert read["verified_at"] == verified["verified_at"]
    assert (await held_by_edges(services.database))[f"domain:{HOST}"] == msgspec.structs.replace(held, is_verified=True)
    edited = await call(client, "PATCH", f"/api/v1/domains/{domain['id']}", {"consent": "required"}, status=200)
    assert edited["verified_at"] == verified["verified_at"]


async def test_an_edge_that_knows_the_host_by_another_id_proves_nothing(
    client: Client, services: Services, tmp_path: Path
) -> None:
    domain = await a_domain(client, HOST)
    async with serving(tmp_path / "edge", DomainEntry(HOST, OTHER_ID, OTHER_ID)) as edge:
        problem = await verify(reached_at(services, edge.port), domain, status=409)
    assert problem["type"] == "/problems/host-not-reached"
    assert "no edge that knows this domain" in problem["detail"]
    assert (await call(client, "GET", f"/api/v1/domains/{domain['id']}", status=200))["verified_at"] is None


async def test_a_host_where_nobody_answers_is_not_verified(client: Client, services: Services) -> None:
    problem = await verify(reached_at(services, free_port()), await a_domain(client, HOST), status=409)
    assert "cannot be reached" in problem["detail"]
    assert "Point the DNS" in problem["detail"]


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.8", "169.254.169.254", "::1", "::ffff:10.0.0.8", "224.0.0.1"])
async def test_addresses_of_private_networks_are_not_asked(host: str) -> None:
    with pytest.raises(NotReached, match="no public address"):
        await require_reached(ControlConfig(), host, OTHER_ID)


async def test_a_name_that_leads_to_a_private_address_is_not_asked(tmp_path: Path) -> None:
    """The resolver takes this one for 127.0.0.1, as it would a name that somebody has pointed there."""
    name = "0x7f000001"
    async with serving(tmp_path) as edge:
        public = ControlConfig(edge_public_scheme="http", edge_public_port=edge.port)
        with pytest.raises(NotReached, match="no public address"):
            await require_reached(public, name, OTHER_ID)
        with pytest.raises(NotReached, match="no edge that knows"):
            await require_reached(msgspec.structs.replace(public, verify_private_hosts=True), name, OTHER_ID)


def test_before_there_is_a_certificate_plain_http_is_asked() -> None:
    origins = verification._origins  # pyright: ignore[reportPrivateUsage]
    assert origins(ControlConfig(), "go.example.com") == ["http://go.example.com", "https://go.example.com"]
    assert origins(ControlConfig(), "go.localhost") == ["http://go.localhost:8080"]
