"""Calling the API in tests: one line a call, the status always checked."""

from __future__ import annotations

from typing import Any

from tests.support.client import Client

Json = dict[str, Any]


async def call(
    client: Client, method: str, path: str, body: object = None, *, status: int, key: str | None = None
) -> Any:
    """The decoded answer (None where it is empty) of a call that must end with `status`."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    async with client.request(method, path, headers=headers, json=body) as response:
        text = await response.text()
        assert response.status == status, f"{method} {path}: {response.status} {text}"
        return await response.json() if text else None


async def fields_of_problem(client: Client, method: str, path: str, body: object, *, status: int) -> list[str]:
    """The fields that a refused call names."""
    problem = await call(client, method, path, body, status=status)
    return [error["field"] for error in problem["errors"]]


async def a_domain(client: Client, host: str = "go.example.com", **more: object) -> Json:
    return await call(client, "POST", "/api/v1/domains", {"host": host, **more}, status=201)


async def a_link(client: Client, destination: str = "https://example.com/shoes", **more: object) -> Json:
    return await call(client, "POST", "/api/v1/links", {"destination": destination, **more}, status=201)


async def a_campaign(client: Client, name: str = "Spring") -> Json:
    return await call(client, "POST", "/api/v1/campaigns", {"name": name}, status=201)
