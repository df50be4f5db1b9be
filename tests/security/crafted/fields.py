"""Header fields: hosts, every byte in every place, folding, connections, sizes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from tests.edge.building import HOST
from tests.security.crafted.request import BROWSER, HOST_LINE, TARGET, Case, named, request

_HOST = HOST.encode()
_HOSTS = (
    b"Host:", b"Host: ", b"Host:" + _HOST, b"Host:\t" + _HOST, b"Host:  \t " + _HOST + b" \t ", b"HOST: " + _HOST,
    b"hOsT: " + _HOST, b"Host : " + _HOST, b"Host\t: " + _HOST, b" Host: " + _HOST, b"\tHost: " + _HOST,
    b"Host " + _HOST, b"Host; " + _HOST, b"Host: " + _HOST.upper(), b"Host: " + _HOST + b".",
    b"Host: " + _HOST + b"..", b"Host: ." + _HOST, b"Host: " + _HOST + b":80", b"Host: " + _HOST + b":",
    b"Host: " + _HOST + b":0080", b"Host: " + _HOST + b":-80", b"Host: " + _HOST + b":8080:80",
    b"Host: " + _HOST + b":99999", b"Host: " + _HOST + b":http", b"Host: " + _HOST + b" :80", b"Host: user@" + _HOST,
    b"Host: " + _HOST + b"@evil.example", b"Host: " + _HOST + b"/", b"Host: " + _HOST + b"/spring",
    b"Host: " + _HOST + b"?x", b"Host:? " + _HOST, b"Host: " + _HOST + b"#x", b"Host: http://" + _HOST,
    b"Host: " + _HOST + b", evil.example", b"Host: evil.example, " + _HOST, b"Host: " + _HOST + b" evil.example",
    b"Host: " + _HOST + b"\tx", b"Host: " + _HOST + b"\0", b"Host: " + _HOST + b"\x0b", b"Host: \"" + _HOST + b"\"",
    b"Host: <" + _HOST + b">", b"Host: %67o.shop.example", b"Host: [::1]", b"Host: [::1]:80", b"Host: [::1",
    b"Host: ::1", b"Host: [::ffff:127.0.0.1]", b"Host: [v1.x]", b"Host: [go.shop.example]", b"Host: 127.0.0.1",
    b"Host: 2130706433", b"Host: localhost", b"Host: xn--grn-yfa.example", b"Host: g\xc3\xbcn.example",
    b"Host: g\xfcn.example", b"Host: go\xe3\x80\x82shop.example", b"Host: _.example", b"Host: -", b"Host: *",
    b"Host: *.shop.example", b"Host: " + b"a." * 120 + b"example", b"Host: " + b"a" * 9_000, b"Host: evil.example",
    b"X-Forwarded-Host: " + _HOST, b"Hos: " + _HOST, b"Hostt: " + _HOST, b"H\xf6st: " + _HOST,
)  # fmt: skip
_PAIRS = (
    (_HOST, _HOST), (_HOST, b"evil.example"), (b"evil.example", _HOST), (b"", _HOST), (_HOST, b""),
    (_HOST, _HOST.upper()),
)  # fmt: skip
_SHAPES = (
    b"A", b"A:", b":", b": b", b":::", b"A:b", b"A:  b  ", b"A:\tb\t", b"A: b: c", b"A b: c", b"A : b", b"A\t: b",
    b" A: b", b"\tA: b", b"(A): b", b"A[]: b", b"A\": b", b"A/B: c", b"A=B: c", b"A,B: c", b"A{}: b", b"A_B: c",
    b"A.B: c", b"A~!#$%&'*+^`|: b", b"\xc3\xa4: b", b"A: \xc3\xa4", b"A: \xe4", b"A: b\rc", b"A: b\nc", b"A: b\r",
    b"A: \r", b"A: b\r\rB: c", b"A: b\x0bc", b"A: b\x0cc", b"A: b\0c", b"A\0: b", b"A: b\x7f", b"Content-Length",
    b"Content-Length:", b"Transfer-Encoding:", b"Transfer-Encoding", b"Cookie: ", b"Cookie: ;;;", b"Set-Cookie: a=b",
    b"Content-Encoding: gzip", b"Content-Encoding: br", b"Content-Type: multipart/form-data", b"TE: trailers",
    b"Trailer: Host", b"Via: 1.1 x", b"Max-Forwards: 0", b"Range: bytes=0-1", b"If-None-Match: *",
    b"If-Modified-Since: x", b"Proxy-Connection: keep-alive", b"Keep-Alive: timeout=1", b"Sec-WebSocket-Key: x",
    b"Authorization: Basic eDp5", b"Date: x", b"\x16\x03\x01: x", b"GET /smuggled HTTP/1.1", b"HTTP/1.1 200 OK",
    b"ETag: x", b"Server: x", b"//: x", b"A: " + b"b" * 8_000, b"A" * 8_000 + b": b",
)  # fmt: skip
_CONNECTIONS = (
    b"close", b"keep-alive", b"Close", b"CLOSE", b"Keep-Alive", b" close ", b"\tclose", b"close, keep-alive",
    b"keep-alive, close", b"keep-alive, keep-alive", b"close,", b",close", b"close;x", b"x", b"", b",", b"clos",
    b"closed", b"upgrade", b"upgrade, close", b"TE", b"host", b"content-length", b"\"close\"", b"close\x0b",
    b"close\xa0", b"keep-alive\0",
)  # fmt: skip
_PRIVACY = (
    b"X-Forwarded-For: 203.0.113.7", b"X-Forwarded-For: 1.2.3.4, 203.0.113.7", b"X-Forwarded-For: x",
    b"X-Forwarded-For:", b"X-Forwarded-For: ::1", b"Forwarded: for=203.0.113.7;proto=https",
    b"Forwarded: for=\"[2001:db8::1]:99\"", b"Forwarded: ;;;,,,", b"X-Forwarded-Proto: https",
    b"X-Forwarded-Proto: HTTPS, http", b"X-Forwarded-Proto:", b"Sec-GPC: 1", b"Sec-GPC: 1 ", b"Sec-GPC:1",
    b"Sec-GPC: 0", b"Sec-GPC: 11", b"Sec-GPC: true", b"sec-gpc: 1", b"Sec-Purpose: prefetch",
    b"Sec-Purpose: prefetch;prerender", b"sec-purpose:PREFETCH", b"Purpose: prefetch", b"purpose: preview",
    b"X-Moz: prefetch", b"X-moz:prefetch ", b"Cookie: _ctv=x", b"Cookie: _ctv=AaIRFYz_dQ-GnI-jE_NW9A",
    b"cookie:_ctv=AaIRFYz_dQ-GnI-jE_NW9A; _ct=AaIRFYz_dQ-GnI-jE_NW9A.AaIRFYz_dQ-GnI-jE_NW9A", b"Cookie: _ct=~~~",
    b"Cookie: _ct=x.y~z.w; _ct=x", b"Cookie: a=b;_ctv=AaIRFYz_dQ-GnI-jE_NW9A;c",
    b"Cookie: _ctv=\"AaIRFYz_dQ-GnI-jE_NW9A\"", b"Cookie: \xff=\xfe", b"Cookie: _ctv=\xc3\xa4", b"User-Agent: ",
    b"User-Agent: \xf0\x9f\x92\x9c", b"User-Agent: HeadlessChrome", b"Accept-Language: \xe4",
    b"Referer: https://shop.example/?q=\xc3\xa4", b"Referer: javascript:x", b"Sec-CH-UA-Mobile: ?1",
    b"Sec-Fetch-Mode: navigate", b"Origin: null", b"Origin: https://shop.example",
)  # fmt: skip


def hosts() -> Iterator[Case]:
    for line in _HOSTS:
        yield Case(named(line, 60), request(host=line))
        yield Case(f"{named(line, 60)} in HTTP/1.0", request(host=line, version=b"HTTP/1.0"))
        yield Case(f"{named(line, 60)} as the last of many", request(*BROWSER, line, host=None))
        yield Case(f"{named(line, 60)} and a right one", request(HOST_LINE, host=line))
    for first, second in _PAIRS:
        for version in (b"HTTP/1.1", b"HTTP/1.0"):
            name = f"{named(first)} then {named(second)} in {version.decode()}"
            yield Case(name, request(b"Host: " + first, b"host: " + second, host=None, version=version))
    yield Case("none", request(host=None))
    yield Case("none in HTTP/1.0", request(host=None, version=b"HTTP/1.0"))


def bytes_in_fields() -> Iterator[Case]:
    for number in range(256):
        byte = bytes((number,))
        yield Case(f"0x{number:02x} in a name", request(b"Ab" + byte + b"cd: x"))
        yield Case(f"0x{number:02x} in a value", request(b"User-Agent: ab" + byte + b"cd"))
        yield Case(f"0x{number:02x} at a value's ends", request(b"Accept: " + byte + b"x" + byte))
        yield Case(f"0x{number:02x} behind a name", request(b"Accept" + byte + b": x"))


def shapes() -> Iterator[Case]:
    for line in _SHAPES:
        yield Case(named(line), request(line))
        yield Case(f"{named(line)} first", request(HOST_LINE, host=line))
        yield Case(f"{named(line)} twice, with HEAD", request(line, line, method=b"HEAD"))


def folds() -> Iterator[Case]:
    for fold in (b"\r\n ", b"\r\n\t", b"\n ", b"\r ", b"\r\n  \t", b"\r\n \r\n ", b" \r\n ", b"\r\n\x0b"):
        name = named(fold)
        yield Case(f"{name} in a value", request(b"A: b" + fold + b"c"))
        yield Case(f"{name} before a value", request(b"A:" + fold + b"b"))
        yield Case(f"{name} in Host", request(host=b"Host: go.shop" + fold + b".example"))
        yield Case(f"{name} before Host's value", request(host=b"Host:" + fold + _HOST))
        yield Case(f"{name} before the first field", b"GET /spring HTTP/1.1" + fold + HOST_LINE + b"\r\n\r\n")
        yield Case(
            f"{name} in Content-Length", request(b"Content-Length:" + fold + b"5", method=b"POST", body=b"hello")
        )
        yield Case(
            f"{name} in Transfer-Encoding", request(b"Transfer-Encoding:" + fold + b"chunked", body=b"0\r\n\r\n")
        )
        yield Case(f"{name} at the end", request(b"A: b" + fold))


def connections() -> Iterator[Case]:
    for value, version, method in product(_CONNECTIONS, (b"HTTP/1.1", b"HTTP/1.0"), (b"GET", b"HEAD", b"POST")):
        name = f"{named(value)} {method.decode()} {version.decode()}"
        yield Case(name, request(b"Connection: " + value, method=method, version=version))
    for first, second in product((b"close", b"keep-alive", b"upgrade"), repeat=2):
        name = f"{first.decode()} and {second.decode()} in two lines"
        yield Case(name, request(b"Connection: " + first, b"connection: " + second))


def proxies_and_privacy() -> Iterator[Case]:
    for line in _PRIVACY:
        for target in (b"/spring", b"/cookie", b"/query"):
            yield Case(f"{named(line, 60)} to {target.decode()}", request(*BROWSER, line, target=target))
        yield Case(f"{named(line, 60)} twice", request(line, line, target=b"/cookie"))
    for one, other in product(_PRIVACY[:13], _PRIVACY[16:24]):
        yield Case(f"{named(one)} and {named(other)}", request(one, other, target=b"/cookie"))


def sizes() -> Iterator[Case]:
    for count in (50, 97, 98, 99, 100, 101, 127, 128, 129, 500, 5_000):
        yield Case(f"{count} fields", request(*(b"A%d: b" % at for at in range(count))))
    for total in (16_300, 16_382, 16_383, 16_384, 16_385, 16_386, 16_500, 32_768, 65_536):
        empty = len(request(b"A: "))
        yield Case(f"{total} bytes by one field", request(b"A: " + b"b" * (total - empty)))
        yield Case(f"{total} bytes by a name", request(b"A" * (total - empty + 1) + b": "))
        yield Case(f"{total} bytes by the target", request(target=TARGET + b"?" + b"b" * (total - len(request()) - 1)))
        spread = [b"A%02d: " % at + b"b" * (total // 41) for at in range(39)]
        rest = total - len(request(*spread, b"Z: "))
        yield Case(f"{total} bytes by many fields", request(*spread, b"Z: " + b"b" * rest))
        yield Case(f"{total} bytes by white space", request(b"A:" + b" " * (total - empty) + b"b"))


def cookies() -> Iterator[Case]:
    """Who knows the rest of a head may look at the Cookie line alone: it has to be a line, and of this head."""
    cookie = b"Cookie: _ctv=AaIRFYz_dQ-GnI-jE_NW9A"
    for number in (*range(0x20), 0x20, 0x3B, 0x7F, 0x80, 0xFF):
        name = f"0x{number:02x} for the CR before it"
        yield Case(name, request(*BROWSER)[:-4] + bytes((number,)) + b"\n" + cookie + b"\r\n\r\n")
    for target in (b"/spring", b"/query", b"/cookie", b"/nowhere"):
        known = request(*BROWSER, target=target)
        for end in (b"", b"\r", b"\r\n", b"\r\n\r\n", b"\r\nHost: x\r\n", b"\r\n" + known):
            yield Case(f"behind an empty line, {target.decode()}, {named(end)}", known + cookie + end)
        yield Case(f"twice, {target.decode()}", request(*BROWSER, cookie, cookie, target=target))
        yield Case(f"first, {target.decode()}", request(cookie, *BROWSER, target=target))
        yield Case(f"before Host, {target.decode()}", request(cookie, HOST_LINE, *BROWSER, target=target, host=None))
        yield Case(
            f"with a line's end in it, {target.decode()}", request(*BROWSER, cookie + b"\n" + cookie, target=target)
        )
