"""Text that no database stores is refused at the border, never a server error."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest

from tests.support.client import Client


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/v1/links/lnk_%00", None, 404),
        ("GET", "/api/v1/links/%ff%ed%a0%80", None, 404),
        ("GET", "/api/v1/links?q=%00", None, 422),
        ("GET", "/api/v1/links?channel=%ed%a0%80", None, 200),
        ("POST", "/api/v1/campaigns", rb'{"name": "a\u0000b"}', 400),
        ("POST", "/api/v1/campaigns", rb'{"name": "a\ud800b"}', 400),
        ("POST", "/api/v1/links", b'{"destination": "https://example.com/", "campaign_id": "\x00"}', 400),
    ],
)
async def test_text_that_no_database_stores(
    client: Client, method: str, path: str, body: bytes | None, status: int
) -> None:
    async with client.request(method, path, data=body) as response:
        assert response.status == status, await response.text()


@pytest.mark.parametrize(
    "key", [b"[1]", b'["a", "b"]', b'[99999999999999999999999, "a"]', b'[-1, "a"]', b'[1, "\\u0000"]', b"\xff", b"{}"]
)
async def test_a_forged_cursor_is_refused(client: Client, key: bytes) -> None:
    cursor = urlsafe_b64encode(key).decode().rstrip("=")
    async with client.get(f"/api/v1/links?cursor={cursor}") as response:
        assert response.status == 422
        assert [error["field"] for error in (await response.json())["errors"]] == ["cursor"]
