"""Short domains over the API, and what edges learn of them."""

from __future__ import annotations

from control.services import Services
from shared import ids
from shared.wire import DomainEntry
from tests.control.api import a_domain, a_link, call, fields_of_problem
from tests.control.feed import held_by_edges
from tests.support.client import Client


async def test_a_new_domain_reaches_the_edges(client: Client, services: Services, workspace_id: str) -> None:
    domain = await a_domain(
        client, "Go.Bücher.Example", fallback_url="https://bücher.example/hilfe", consent="required"
    )
    assert (domain["host"], domain["cookie_domain"]) == ("go.xn--bcher-kva.example", "xn--bcher-kva.example")
    assert (await held_by_edges(services.database)) == {
        "domain:go.xn--bcher-kva.example": DomainEntry(
            host="go.xn--bcher-kva.example",
            domain_id=ids.to_bytes("dom", domain["id"]),
            workspace_id=ids.to_bytes("wsp", workspace_id),
            fallback_url="https://xn--bcher-kva.example/hilfe",
            cookie_domain="xn--bcher-kva.example",
            consent="required",
        )
    }
    assert await call(client, "GET", f"/api/v1/domains/{domain['id']}", status=200) == domain


async def test_a_domain_says_where_visitors_reach_it(client: Client) -> None:
    assert (await a_domain(client, "go.example"))["origin"] == "https://go.example"
    assert (await a_domain(client, "go.localhost"))["origin"] == "http://go.localhost:8080"


async def test_an_edit_reaches_the_edges(client: Client, services: Services) -> None:
    domain = await a_domain(client, "go.localhost", fallback_url="https://example.com/")
    await call(
        client, "PATCH", f"/api/v1/domains/{domain['id']}", {"fallback_url": "", "consent": "cookieless"}, status=200
    )
    entry = (await held_by_edges(services.database))["domain:go.localhost"]
    assert isinstance(entry, DomainEntry)
    assert (entry.fallback_url, entry.consent) == ("", "cookieless")


async def test_a_wrong_field_is_named(client: Client) -> None:
    for wrong, field in (
        ({"host": "https://go.example.com"}, "host"),
        ({"host": "192.0.2.1"}, "host"),
        ({"host": ""}, "host"),
        ({"host": "go.example.com", "fallback_url": "javascript:alert(1)"}, "fallback_url"),
        ({"host": "go.example.com", "fallback_url": "https://go.example.com/404"}, "fallback_url"),
        ({"host": "go.example.com", "consent": "maybe"}, "consent"),
        ({}, "host"),
    ):
        assert await fields_of_problem(client, "POST", "/api/v1/domains", wrong, status=422) == [field], wrong
    domain = await a_domain(client)
    changed_host = {"host": "go.example.org"}
    path = f"/api/v1/domains/{domain['id']}"
    assert await fields_of_problem(client, "PATCH", path, changed_host, status=422) == ["host"]


async def test_a_host_belongs_to_one_domain(client: Client) -> None:
    await a_domain(client, "go.example.com")
    assert await fields_of_problem(client, "POST", "/api/v1/domains", {"host": "GO.example.com"}, status=409) == [
        "host"
    ]


async def test_a_domain_goes_once_it_has_no_links(client: Client, services: Services) -> None:
    used, unused = await a_domain(client, "go.example.com"), await a_domain(client, "go.example.org")
    link = await a_link(client, domain_id=used["id"])
    await call(client, "DELETE", f"/api/v1/links/{link['id']}", status=204)
    problem = await call(client, "DELETE", f"/api/v1/domains/{used['id']}", status=409)
    assert problem["type"] == "/problems/domain-has-links"
    await call(client, "DELETE", f"/api/v1/domains/{unused['id']}", status=204)
    await call(client, "GET", f"/api/v1/domains/{unused['id']}", status=404)
    assert set(await held_by_edges(services.database)) == {"domain:go.example.com"}


async def test_domains_are_listed_oldest_first_in_pages(client: Client) -> None:
    hosts = [(await a_domain(client, f"go{number}.example.com"))["host"] for number in range(3)]
    first = await call(client, "GET", "/api/v1/domains?limit=2", status=200)
    rest = await call(client, "GET", f"/api/v1/domains?limit=2&cursor={first['next_cursor']}", status=200)
    assert [item["host"] for item in first["items"] + rest["items"]] == hosts
    assert rest["next_cursor"] is None
