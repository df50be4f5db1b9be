"""Signing in by a one-time link, and what the session's cookie opens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import func, select, update

from control.accounts.authenticate import SESSION_MS
from control.accounts.sign_in import SIGN_IN_LINK_MS, forget_old, issue_sign_in_link
from control.accounts.workspaces import Owner, create_user, create_workspace, ensure_owner
from control.app import make_app
from control.config import ControlConfig
from control.services import Services
from control.store.schema import sessions, sign_in_links
from shared.clock import DAY_MS, wall_ms
from tests.control.api import call
from tests.support.client import Client, client_of


@dataclass(frozen=True)
class Dashboard:
    """A browser without a session, and the owner who could sign in."""

    client: Client
    services: Services
    owner: Owner

    async def link(self, age_ms: int = 0) -> str:
        """The token of a sign-in link that was issued so long ago."""
        async with self.services.database.transaction() as connection:
            return await issue_sign_in_link(connection, self.owner.user_id, wall_ms() - age_ms)

    async def sign_in(self) -> str:
        """Signs in and gives the CSRF token."""
        session = await call(self.client, "POST", "/api/v1/auth/sign-in", {"token": await self.link()}, status=200)
        return session["csrf_token"]


@pytest.fixture
async def dashboard(services: Services) -> AsyncIterator[Dashboard]:
    async with services.database.transaction() as connection:
        owner = await ensure_owner(connection, " Owner@Example.com ", "Bücher", wall_ms())
    async with client_of(make_app(services)) as client:
        yield Dashboard(client, services, owner)


async def test_the_first_start_makes_an_owner_and_the_next_ones_find_them(dashboard: Dashboard) -> None:
    async with dashboard.services.database.transaction() as connection:
        again = await ensure_owner(connection, "other@example.com", "Other", wall_ms())
    assert again == dashboard.owner._replace(is_new=False)
    assert again.email == "owner@example.com"


async def test_a_link_signs_in_once(dashboard: Dashboard) -> None:
    token = await dashboard.link()
    session = await call(dashboard.client, "POST", "/api/v1/auth/sign-in", {"token": token}, status=200)
    assert session["user"]["email"] == "owner@example.com"
    assert session["workspace"]["name"] == "Bücher"
    assert await call(dashboard.client, "GET", "/api/v1/session", status=200) == session
    problem = await call(dashboard.client, "POST", "/api/v1/auth/sign-in", {"token": token}, status=401)
    assert problem["type"] == "/problems/sign-in-link-not-valid"


async def test_an_old_or_unknown_link_does_not_sign_in(dashboard: Dashboard) -> None:
    for token in (await dashboard.link(age_ms=SIGN_IN_LINK_MS), "si_" + "0" * 32):
        await call(dashboard.client, "POST", "/api/v1/auth/sign-in", {"token": token}, status=401)
    await call(dashboard.client, "GET", "/api/v1/session", status=401)


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(dashboard: Dashboard) -> None:
    body = {"token": await dashboard.link()}
    async with dashboard.client.post("/api/v1/auth/sign-in", json=body) as response:
        cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


async def test_over_https_the_cookie_is_secure(dashboard: Dashboard) -> None:
    config = ControlConfig(base_url="https://clicks.example.com")
    body = {"token": await dashboard.link()}
    async with (
        client_of(make_app(replace(dashboard.services, config=config))) as client,
        client.post("/api/v1/auth/sign-in", json=body) as response,
    ):
        assert "Secure" in response.headers["Set-Cookie"]


async def test_secrets_are_stored_as_hashes_alone(dashboard: Dashboard) -> None:
    token = await dashboard.link()
    await dashboard.sign_in()
    cookie = next(iter(dashboard.client.session.cookie_jar)).value
    async with dashboard.services.database.reading() as connection:
        stored = [
            str(tuple(row)) for table in (sign_in_links, sessions) for row in await connection.execute(select(table))
        ]
    assert stored
    assert not [row for row in stored if token in row or cookie in row]


async def test_a_change_needs_the_csrf_token(dashboard: Dashboard) -> None:
    csrf_token = await dashboard.sign_in()
    edit = {"name": "Bücher & mehr"}
    await call(dashboard.client, "PATCH", "/api/v1/workspace", edit, status=403)
    async with dashboard.client.patch("/api/v1/workspace", json=edit, headers={"X-CSRF-Token": csrf_token}) as response:
        assert (response.status, (await response.json())["name"]) == (200, "Bücher & mehr")


async def test_signing_out_ends_the_session(dashboard: Dashboard) -> None:
    csrf_token = await dashboard.sign_in()
    cookie = next(iter(dashboard.client.session.cookie_jar)).value
    async with dashboard.client.delete("/api/v1/session", headers={"X-CSRF-Token": csrf_token}) as response:
        assert response.status == 204
    await call(dashboard.client, "GET", "/api/v1/session", status=401)
    async with dashboard.client.get("/api/v1/session", headers={"Cookie": f"clicktrail_session={cookie}"}) as response:
        assert response.status == 401


async def test_a_used_session_goes_on_and_an_unused_one_ends(dashboard: Dashboard) -> None:
    await dashboard.sign_in()
    await _let_expire_at(dashboard, wall_ms() + DAY_MS)
    await call(dashboard.client, "GET", "/api/v1/session", status=200)
    async with dashboard.services.database.reading() as connection:
        expires_ms = (await connection.execute(select(sessions.c.expires_ms))).scalar_one()
    assert expires_ms > wall_ms() + SESSION_MS - DAY_MS
    await _let_expire_at(dashboard, wall_ms())
    await call(dashboard.client, "GET", "/api/v1/session", status=401)


async def test_what_is_over_is_removed(dashboard: Dashboard) -> None:
    await dashboard.sign_in()
    async with dashboard.services.database.transaction() as connection:
        await forget_old(connection, wall_ms() + SESSION_MS + 1)
        for table in (sign_in_links, sessions):
            assert (await connection.execute(select(func.count()).select_from(table))).scalar_one() == 0


async def test_a_member_of_several_workspaces_says_which(dashboard: Dashboard) -> None:
    async with dashboard.services.database.transaction() as connection:
        second = await create_workspace(connection, "Second", dashboard.owner.user_id, wall_ms())
        stranger = await create_user(connection, "stranger@example.com", wall_ms())
        foreign = await create_workspace(connection, "Foreign", stranger, wall_ms())
    await dashboard.sign_in()
    for asked, status in ((second, 200), (foreign, 401), ("wsp_unknown", 401)):
        headers = {"Clicktrail-Workspace": asked}
        async with dashboard.client.get("/api/v1/session", headers=headers) as response:
            assert response.status == status
            if status == 200:
                session = await response.json()
                assert session["workspace"]["id"] == second
                assert len(session["workspaces"]) == 2


async def _let_expire_at(dashboard: Dashboard, expires_ms: int) -> None:
    async with dashboard.services.database.transaction() as connection:
        await connection.execute(update(sessions).values(expires_ms=expires_ms))
