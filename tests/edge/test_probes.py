"""What machines ask an edge about itself, and what it lets whom know."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared import proof
from tests.edge.building import DOMAIN_ID, HOST, domain, link
from tests.edge.serving import get, serving

NONCE = "0123456789abcdef" * 2


class TestReady:
    async def test_an_edge_with_links_is_ready(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(), link()) as edge:
            reply = await edge.ask("/_t/ready")
            assert (reply.status, reply.body, reply["cache-control"]) == (200, b'{"status":"ready"}', "no-store")
            assert (await edge.ask("/_t/ready", method="HEAD")).status == 200
            assert (await edge.ask("/_t/ready", method="POST")).status == 405

    async def test_one_without_its_first_snapshot_is_not(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as edge:
            reply = await edge.ask("/_t/ready")
            assert (reply.status, reply.body, reply["retry-after"]) == (503, b'{"status":"waiting for links"}', "1")

    async def test_one_that_stops_is_healthy_and_not_ready(self, tmp_path: Path) -> None:
        stopping: list[bool] = []
        async with serving(tmp_path, domain(), is_stopping=lambda: bool(stopping)) as edge:
            balancer = await edge.connect()
            balancer.say(get("/_t/ready"))
            assert (await balancer.hear()).status == 200
            stopping.append(True)
            balancer.say(get("/_t/ready"))
            assert (await balancer.hear()).body == b'{"status":"stopping"}'
            assert (await edge.ask("/_t/health")).status == 200


class TestTlsAsk:
    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ("domain=go.shop.example", 200),
            ("domain=GO.Shop.example.", 200),
            ("domain=new.shop.example", 404),
            ("domain=stranger.example", 404),
            ("domain=", 400),
            ("", 400),
            ("host=go.shop.example", 400),
            ("domain=go.shop.example:443", 400),
            ("domain=go.shop.example&domain=x", 400),
            ("domain=" + "a." * 127 + "example", 400),
            ("domain=g%C3%B6.example", 400),
        ],
    )
    async def test_verified_domains_alone_may_have_a_certificate(self, tmp_path: Path, asked: str, status: int) -> None:
        async with serving(tmp_path, domain(is_verified=True), domain("new.shop.example")) as edge:
            assert (await edge.ask(f"/_t/tls-ask?{asked}", host="127.0.0.1")).status == status

    async def test_nobody_is_told_on_behalf_of_others(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain(is_verified=True), trusted_proxies=("127.0.0.0/8",)) as edge:
            target = f"/_t/tls-ask?domain={HOST}"
            assert (await edge.ask(target)).status == 200
            assert (await edge.ask(target, "X-Forwarded-For: 203.0.113.7")).status == 403
            assert (await edge.ask(target, "Forwarded: for=203.0.113.7")).status == 403


class TestVerify:
    async def test_the_proof_is_of_the_hosts_domain_and_the_nonce(self, tmp_path: Path) -> None:
        async with serving(tmp_path, domain()) as edge:
            reply = await edge.ask(f"/_t/verify/{NONCE}")
            assert (reply.status, reply.body.decode()) == (200, proof.proof_of(DOMAIN_ID, NONCE))
            assert reply["cache-control"] == "no-store"
            assert (await edge.ask(f"/_t/verify/{NONCE}", host="stranger.example")).status == 404

    @pytest.mark.parametrize("nonce", ["", "0", NONCE.upper(), NONCE + "0", NONCE[:-1] + "g", NONCE + "%0a"])
    async def test_nothing_else_is_signed(self, tmp_path: Path, nonce: str) -> None:
        async with serving(tmp_path, domain()) as edge:
            assert (await edge.ask(f"/_t/verify/{nonce}")).status == 400
