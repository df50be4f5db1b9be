"""Whether a host leads to an edge of this installation: asked over the network, as a visitor would.

Only public addresses are asked, so that nobody makes this process knock at the doors of its own network; the address is
judged where it is connected to, after the name was resolved. `localhost` names stand for this machine (RFC 6761), and
`verify_private_hosts` opens the rest to an installation that lives inside one network. Redirects are not followed.
"""

from __future__ import annotations

import hmac
import socket
from ipaddress import IPv6Address, ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from control.config import ControlConfig
from control.domains import host as hosts
from control.http.errors import Conflict
from shared.proof import VERIFY_PATH, new_nonce, proof_of

TIMEOUT_S = 5.0  # for each way of asking
PROOF_CHARS = 64


class NotReached(Conflict):
    slug = "host-not-reached"
    title = "The host does not lead to an edge"


async def require_reached(config: ControlConfig, host: str, domain_id: bytes) -> None:
    """Returns when `host` leads to an edge that knows the domain. Raises NotReached, with what to look at."""
    if hosts.is_ip(host) and not _may_ask(host, config.verify_private_hosts):
        raise NotReached(f"{host} is no public address.")
    connector = aiohttp.TCPConnector(resolver=_Resolver(config.verify_private_hosts), use_dns_cache=False)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    seen = ""
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        for origin in _origins(config, host):
            seen = await _ask(session, origin, domain_id)
            if not seen:
                return
    raise NotReached(f"{seen} Point the DNS of {host} at an edge, give it a minute, and check again.")


def _origins(config: ControlConfig, host: str) -> list[str]:
    """Where visitors come in; before there is a certificate, that is plain HTTP alone."""
    origin = config.short_origin(host)
    return [origin] if origin.startswith("http:") else [f"http://{host}", origin]


async def _ask(session: aiohttp.ClientSession, origin: str, domain_id: bytes) -> str:
    """Empty when the proof came, else what came instead."""
    nonce = new_nonce()
    try:
        async with session.get(origin + VERIFY_PATH + nonce, allow_redirects=False) as response:
            said = (await response.content.read(PROOF_CHARS)).decode("latin-1")
            status = response.status
    except TimeoutError:
        return f"{origin} did not answer within {TIMEOUT_S:.0f} s."
    except (aiohttp.ClientError, OSError) as error:
        return f"{origin} cannot be reached: {_cause(error)}."
    if status == 200 and hmac.compare_digest(said.encode(), proof_of(domain_id, nonce).encode()):
        return ""
    return f"What answers at {origin} is no edge that knows this domain (status {status})."


def _cause(error: Exception) -> str:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__


class _Resolver(AbstractResolver):
    """The system's resolver, without the addresses that may not be asked."""

    def __init__(self, private: bool) -> None:
        self._private, self._system = private, ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if hosts.is_localhost(host):
            return await self._system.resolve("127.0.0.1", port, socket.AF_INET)
        found = await self._system.resolve(host, port, family)
        allowed = [result for result in found if _may_ask(result["host"], self._private)]
        if not allowed:
            raise OSError(None, f"{host} has no public address")
        return allowed

    async def close(self) -> None:
        await self._system.close()


def _may_ask(address: str, private: bool) -> bool:
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address):  # what leads to an IPv4 address is as public as that one
        parsed = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else parsed)
    if parsed.is_multicast or parsed.is_unspecified:
        return False
    return private or parsed.is_global
