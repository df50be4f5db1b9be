"""Where a request ends: Content-Length, Transfer-Encoding, chunks, and the classics of request smuggling.

Behind a proxy that reads an end differently, the rest of one visitor's request becomes the beginning of another's.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from tests.security.crafted.request import SMUGGLED, Case, named, request

_LENGTHS = (
    b"0", b"5", b"4", b"6", b"05", b"+5", b"-5", b"-0", b" 5", b"5 ", b"\t5", b"5\x0b", b"5\0", b"5,5", b"5, 5",
    b"5,6", b"5;x", b"5.0", b"0x5", b"5e0", b"5_0", b"five", b"", b"\xd9\xa5", b"\xb5", b"\"5\"", b"4294967301",
    b"18446744073709551621", b"99999999999999999999999999", b"9" * 5_000,
)  # fmt: skip
_CODINGS = (
    b"chunked", b"Chunked", b"CHUNKED", b" chunked", b"chunked ", b"\tchunked", b"chunked\t", b"\x0bchunked",
    b"chunked\x0b", b"chunked\0", b"xchunked", b"chunkedx", b"chunke", b"chunked, chunked", b"chunked,chunked",
    b"gzip, chunked", b"chunked, gzip", b"gzip", b"identity", b"identity, chunked", b"chunked, identity",
    b"chunked;q=1", b"\"chunked\"", b"chunked,", b",chunked", b"", b",", b"cow", b"ch\xfcnked", b"chun\rked",
    b"chunked\r", b"x\nTransfer-Encoding: chunked",
)  # fmt: skip
_ENDED = b"0\r\n\r\n"
_CHUNKS = (
    b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"05\r\nhello\r\n0\r\n\r\n", b"0000000000000005\r\nhello\r\n0\r\n\r\n",
    b"00000000000000005\r\nhello\r\n0\r\n\r\n", b"a\r\nhellohello\r\n0\r\n\r\n", b"A\r\nhellohello\r\n0\r\n\r\n",
    b"+5\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n",
    b" 5\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n", b"5\t\r\nhello\r\n0\r\n\r\n",
    b"5;\r\nhello\r\n0\r\n\r\n", b"5;a=b\r\nhello\r\n0\r\n\r\n", b"5; a = \"b\"\r\nhello\r\n0\r\n\r\n",
    b"5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n", b"5;a\nb\r\nhello\r\n0\r\n\r\n", b"5;\0\r\nhello\r\n0\r\n\r\n",
    b"5;" + b"x" * 20_000 + b"\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n", b"5\r\nhello\n0\r\n\r\n",
    b"5\nhello\r\n0\r\n\r\n", b"5\rhello\r0\r\r", b"5\r\nhello0\r\n\r\n", b"5\r\nhello\r\n0\n\n",
    b"5\r\nhelloXX0\r\n\r\n", b"6\r\nhello\r\n0\r\n\r\n", b"4\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n", b"5\r\nhel",
    b"5", b"", b"\r\n", b"g\r\n", b"\xb5\r\nhello\r\n0\r\n\r\n", b"FFFFFFFF\r\nhello", b"FFFFFFFFFFFFFFFF\r\nhello",
    b"10000000000000005\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nA: b\r\n\r\n",
    b"5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n", b"5\r\nhello\r\n0\r\nHost: evil.example\r\n\r\n",
    b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\nbroken\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\nA: b\r\n\r\n", b"5\r\nhello\r\n0\r\nA: " + b"x" * 20_000 + b"\r\n\r\n",
    b"5\r\nhello\r\n0;a=b\r\n\r\n", b"5\r\nhello\r\n00\r\n\r\n", b"5\r\nhello\r\n0\r\n",
    b"1\r\nh\r\n" * 50 + b"0\r\n\r\n",
)  # fmt: skip


def content_lengths() -> Iterator[Case]:
    for value in _LENGTHS:
        line = b"Content-Length: " + value
        for method, target in ((b"GET", b"/spring"), (b"HEAD", b"/spring"), (b"POST", b"/spring"), (b"POST", b"/_t/e")):
            name = f"{named(value)} {method.decode()} {target.decode()}"
            yield Case(name, request(line, method=method, target=target, body=b"hello"))
        yield Case(f"{named(value)} without a body", request(line))
        yield Case(f"{named(value)} in HTTP/1.0", request(line, version=b"HTTP/1.0", body=b"hello"))
    for first, second in product((b"0", b"5", b"6"), repeat=2):
        lines = (b"Content-Length: " + first, b"content-length: " + second)
        for method in (b"GET", b"POST"):
            yield Case(
                f"{first.decode()} and {second.decode()} {method.decode()}",
                request(*lines, method=method, body=b"hello"),
            )
    for name in (b"Content-Length ", b" Content-Length", b"Content_Length", b"Content-Length\0", b"content-LENGTH"):
        yield Case(f"named {named(name)}", request(name + b": 5", method=b"POST", body=b"hello"))


def transfer_encodings() -> Iterator[Case]:
    for coding in _CODINGS:
        line = b"Transfer-Encoding: " + coding
        for method in (b"GET", b"POST"):
            name = f"{named(coding)} {method.decode()}"
            yield Case(name, request(line, method=method, body=_ENDED))
            yield Case(f"{name} after a length", request(b"Content-Length: 5", line, method=method, body=_ENDED))
            yield Case(f"{name} before a length", request(line, b"Content-Length: 5", method=method, body=_ENDED))
            yield Case(f"{name} in HTTP/1.0", request(line, method=method, version=b"HTTP/1.0", body=_ENDED))
        yield Case(f"{named(coding)} and chunked", request(line, b"Transfer-Encoding: chunked", body=_ENDED))
        yield Case(f"chunked and {named(coding)}", request(b"Transfer-Encoding: chunked", line, body=_ENDED))
    for name in (
        b"Transfer-Encoding ",
        b" Transfer-Encoding",
        b"Transfer_Encoding",
        b"transfer-ENCODING",
        b"Transfer-Encoding\t",
    ):
        yield Case(f"named {named(name)}", request(name + b": chunked", method=b"POST", body=_ENDED))


def chunks() -> Iterator[Case]:
    for body in _CHUNKS:
        for method, target in ((b"POST", b"/_t/e"), (b"POST", b"/spring"), (b"GET", b"/spring")):
            name = f"{named(body)} {method.decode()} {target.decode()}"
            yield Case(name, request(b"Transfer-Encoding: chunked", method=method, target=target, body=body))


def smuggling() -> Iterator[Case]:
    """CL.TE, TE.CL, TE.TE, CL.0, CL+CL and their kin; `/smuggled` is in the body of what comes before it."""
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
    ended = _ENDED + SMUGGLED
    chunked, length = b"Transfer-Encoding: chunked", b"Content-Length: %d"
    for method, target in ((b"POST", b"/_t/e"), (b"POST", b"/spring"), (b"GET", b"/spring"), (b"HEAD", b"/spring")):
        sent = [
            ("CL.TE", (length % len(ended), chunked), ended),
            ("CL.TE, short", (length % 4, chunked), ended),
            ("TE.CL", (chunked, length % 4), chunk),
            ("TE.CL, whole", (chunked, length % len(chunk)), chunk),
            ("TE.TE", (chunked, b"Transfer-Encoding: cow"), chunk),
            ("TE.TE, reversed", (b"Transfer-Encoding: cow", chunked), chunk),
            ("TE.TE, identity", (chunked, b"Transfer-encoding: identity", length % 4), chunk),
            ("TE with a space", (b"Transfer-Encoding : chunked", length % len(ended)), ended),
            ("TE with a tab", (b"Transfer-Encoding:\tchunked", length % len(ended)), ended),
            ("TE with a vertical tab", (b"Transfer-Encoding:\x0bchunked", length % len(ended)), ended),
            ("TE folded", (b"Transfer-Encoding:\r\n chunked", length % len(ended)), ended),
            ("TE behind a bare LF", (b"X: x\nTransfer-Encoding: chunked", length % len(ended)), ended),
            ("TE behind a bare CR", (b"X: x\rTransfer-Encoding: chunked", length % len(ended)), ended),
            ("CL.CL", (length % 0, length % len(SMUGGLED)), SMUGGLED),
            ("CL.CL, reversed", (length % len(SMUGGLED), length % 0), SMUGGLED),
            ("CL.0", (length % len(SMUGGLED),), SMUGGLED),
            ("0.CL", (length % 0,), SMUGGLED),
            ("CL with a plus", (b"Content-Length: +%d" % len(SMUGGLED),), SMUGGLED),
            ("CL in a list", (b"Content-Length: 0, %d" % len(SMUGGLED),), SMUGGLED),
            ("body without a length", (), SMUGGLED),
            ("close, then more", (b"Connection: close",), SMUGGLED),
            ("expected, then more", (b"Expect: 100-continue", length % len(SMUGGLED)), SMUGGLED),
            ("chunk's extension", (chunked,), b"5;\n" + SMUGGLED),
            ("trailer", (chunked,), b"0\r\n" + SMUGGLED),
            ("upgraded", (b"Connection: upgrade", b"Upgrade: h2c"), SMUGGLED),
        ]
        for name, fields, body in sent:
            yield Case(
                f"{name}, {method.decode()} {target.decode()}",
                request(*fields, method=method, target=target, body=body),
            )


def expectations_and_upgrades() -> Iterator[Case]:
    for value in (b"100-continue", b"100-Continue", b"100", b"200-ok", b"", b"100-continue, x", b"\0"):
        line = b"Expect: " + value
        yield Case(f"Expect {named(value)}", request(line))
        yield Case(
            f"Expect {named(value)} with a length", request(line, b"Content-Length: 5", method=b"POST", target=b"/_t/e")
        )
        yield Case(
            f"Expect {named(value)} with a body", request(line, b"Content-Length: 5", method=b"POST", body=b"hello")
        )
        yield Case(f"Expect {named(value)} in HTTP/1.0", request(line, version=b"HTTP/1.0"))
    for protocol in (b"websocket", b"h2c", b"HTTP/2.0", b"TLS/1.0", b"", b"x, y"):
        for connection in (b"Upgrade", b"keep-alive, Upgrade", b"close, upgrade", b"keep-alive"):
            fields = (b"Connection: " + connection, b"Upgrade: " + protocol)
            name = f"Upgrade {named(protocol)}, Connection {connection.decode()}"
            yield Case(name, request(*fields))
            yield Case(f"{name} with a body", request(*fields, b"Content-Length: 5", method=b"POST", body=b"hello"))
