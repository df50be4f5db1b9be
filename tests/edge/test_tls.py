"""TLS by the edge itself: the plain port's answers, Secure cookies, and a certificate that changes under way."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.claims import CannotStart, check_certificate
from tests.edge.building import HOST, domain, link
from tests.edge.edges import COMMAND, Edge, running_edge, settings
from tests.edge.serving import Talk, get
from tests.support.certificates import trusting, write_certificate
from tests.support.imports import ROOT
from tests.support.ports import free_port
from tests.support.processes import wait_until

TAKEN_WITHIN_S = 20.0
WORKERS = 2
IN_USE = "a certificate is in use"


@dataclass(frozen=True)
class Secured:
    """An edge with a certificate."""

    edge: Edge
    port: int
    files: Path

    async def connect(self, context: ssl.SSLContext, host: str | None = HOST) -> Talk:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=context, server_hostname=host or "", ssl_handshake_timeout=5
        )
        return Talk(reader, writer)

    async def serial(self, host: str | None = HOST) -> str:
        """The serial number of the certificate that new connections get."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        talk = await self.connect(context, host)
        held: ssl.SSLObject = talk.writer.get_extra_info("ssl_object")
        der = held.getpeercert(binary_form=True)
        talk.writer.close()
        assert der is not None
        return serial_of(der, "DER")

    async def until_all_have(self, wanted: str) -> None:
        """Until all workers give new connections the certificate of that serial number."""
        in_a_row = 0
        async with asyncio.timeout(TAKEN_WITHIN_S):
            while in_a_row < 6:
                in_a_row = in_a_row + 1 if await self.serial() == wanted else 0

    async def until_said(self, what: str, times: int) -> None:
        def is_said() -> bool:
            return self.edge.child.output().count(what) == times

        await asyncio.to_thread(wait_until, is_said, what=f"{times} × {what!r} in\n{self.edge.child.output()}")


def serial_of(certificate: bytes, form: str = "PEM") -> str:
    ran = subprocess.run(
        ["openssl", "x509", "-noout", "-serial", "-inform", form], input=certificate, capture_output=True, check=True
    )
    return ran.stdout.decode().strip()


@contextmanager
def secured_edge(folder: Path, workers: int = WORKERS) -> Generator[Secured]:
    chain, key = write_certificate(folder / "tls", HOST)
    port = free_port()
    names = {"tls_port": str(port), "tls_cert": str(chain), "tls_key": str(key), "workers": str(workers)}
    with running_edge(folder, domain(cookie_domain="shop.example"), link(carry="cookie"), **names) as edge:
        yield Secured(edge, port, folder / "tls")


async def test_a_click_is_answered_with_secure_cookies_and_old_versions_are_refused(tmp_path: Path) -> None:
    with secured_edge(tmp_path) as secured:
        talk = await secured.connect(trusting(secured.files / "chain.pem"))
        for _ in range(2):
            talk.say(get())
            reply = await talk.hear()
            assert (reply.status, reply["location"]) == (302, "https://shop.example/sale")
            assert len(cookies := reply.all("set-cookie")) == 2
            assert all("; Secure" in cookie for cookie in cookies)
        talk.say(get("/_t/ready"))
        assert (await talk.hear()).status == 200

        old = trusting(secured.files / "chain.pem")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await secured.connect(old)


async def test_a_new_certificate_is_taken_while_connections_are_open(tmp_path: Path) -> None:
    with secured_edge(tmp_path) as secured:
        await secured.until_said(IN_USE, WORKERS)
        talk = await secured.connect(trusting(secured.files / "chain.pem"))
        first = await secured.serial()

        # One file of the new pair without the other: what was good goes on.
        key = (secured.files / "key.pem").read_bytes()
        (secured.files / "key.pem").write_text("not yet written")
        await secured.until_said("the one before stays", WORKERS)
        assert await secured.serial() == first

        (secured.files / "key.pem").write_bytes(key)
        chain, _ = write_certificate(secured.files, HOST)
        second = serial_of(chain.read_bytes())
        await secured.until_all_have(second)
        assert await secured.serial(host=None) == second

        talk.say(get())
        assert (await talk.hear()).status == 302
        assert secured.edge.child.is_running()


async def test_a_hangup_has_the_files_read_though_they_look_the_same(tmp_path: Path) -> None:
    """So that it is not the look every few seconds that finds them changed."""
    with secured_edge(tmp_path) as secured:
        await secured.until_said(IN_USE, WORKERS)
        size = (secured.files / "chain.pem").stat().st_size
        while (chain := write_certificate(tmp_path / "other", HOST)[0]).stat().st_size > size:
            pass  # signatures differ in length by a byte or two
        for name in ("chain.pem", "key.pem"):
            replace_unnoticed(secured.files / name, chain.with_name(name).read_bytes())
        secured.edge.child.signal(signal.SIGHUP)
        await secured.until_all_have(serial_of(chain.read_bytes()))


async def test_a_hangup_ends_no_worker_that_is_just_starting(tmp_path: Path) -> None:
    with secured_edge(tmp_path, workers=1) as secured:
        await secured.until_said(IN_USE, 1)
        (worker,) = secured.edge.pids("edge.worker")
        os.kill(worker, signal.SIGKILL)
        async with asyncio.timeout(TAKEN_WITHIN_S):
            while secured.edge.child.output().count(IN_USE) < 2:
                secured.edge.child.signal(signal.SIGHUP)
                await asyncio.sleep(0.01)
        assert secured.edge.child.output().count("a process of the edge ended") == 1, secured.edge.child.describe()


def replace_unnoticed(path: Path, data: bytes) -> None:
    """Other content of the same size, written at the same time, as far as one can see from outside."""
    before = path.stat()
    path.write_bytes(data.ljust(before.st_size, b"\n"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


async def test_a_stopping_edge_answers_who_is_connected(tmp_path: Path) -> None:
    with secured_edge(tmp_path) as secured:
        talk = await secured.connect(trusting(secured.files / "chain.pem"))
        secured.edge.child.signal(signal.SIGTERM)
        await asyncio.sleep(0.1)
        talk.say(get())
        assert (await talk.hear()).status == 302
        assert secured.edge.child.process.wait(10) == 0


def test_a_pair_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    chain, _ = write_certificate(tmp_path / "one", HOST)
    _, other_key = write_certificate(tmp_path / "other", HOST)
    with pytest.raises(CannotStart, match="tls_cert"):
        check_certificate(str(chain), str(tmp_path / "missing"))
    names = {"tls_port": str(free_port()), "tls_cert": str(chain), "tls_key": str(other_key)}
    environment = {**os.environ, **settings(tmp_path, free_port(), **names)}
    ran = subprocess.run(COMMAND, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1
    assert "cannot be used" in ran.stderr


def test_an_encrypted_key_is_told_of(tmp_path: Path) -> None:
    chain, key = write_certificate(tmp_path, HOST)
    locked = tmp_path / "locked.pem"
    command = ["openssl", "ec", "-aes256", "-passout", "pass:secret", "-in", str(key), "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(CannotStart, match="encrypted"):
        check_certificate(str(chain), str(locked))
