"""Requests to compare readers by: a table, and others made up from it."""

import random

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

LINES = [
    b"GET / HTTP/1.1", b"GET / HTTP/1.0", b"HEAD / HTTP/1.1", b"OPTIONS * HTTP/1.1", b"BREW / HTTP/1.1",
    b"get / HTTP/1.1", b"GET  / HTTP/1.1", b"GET /  HTTP/1.1", b"GET\t/ HTTP/1.1", b" GET / HTTP/1.1",
    b"GET / HTTP/1.1 ", b"GET /", b"GET / HTTP/0.9", b"GET / HTTP/1.2", b"GET / HTTP/2.0", b"GET / HTTP/01.1",
    b"GET / http/1.1", b"GET / HTTP/1.1\r", b"GET /a b HTTP/1.1", b"GET /%zz HTTP/1.1", b"GET /%00 HTTP/1.1",
    b"GET /# HTTP/1.1", b"GET /\x80 HTTP/1.1", b"GET /\x7f HTTP/1.1", b"GET /\x01 HTTP/1.1", b"GET * HTTP/1.1",
    b"GET http://localhost/ HTTP/1.1", b"GET http://localhost HTTP/1.1", b"GET http://user@localhost/ HTTP/1.1",
    b"GET http://localhost:80/?q HTTP/1.1", b"GET ftp://localhost/ HTTP/1.1", b"GET localhost:80 HTTP/1.1",
    b"GET /?a=b?c HTTP/1.1", b"GET //x HTTP/1.1", b"GET /../x HTTP/1.1", b"GET /%2e%2e/x HTTP/1.1",
    b"G@T / HTTP/1.1", b"G-T / HTTP/1.1", b"G_T / HTTP/1.1", b"PROPFIND / HTTP/1.1", b"POST / HTTP/1.1",
    b"GET /?q=100% HTTP/1.1", b"GET /other?%zz HTTP/1.1", b"GET http://localhost?% HTTP/1.1", b"GET /100%?q HTTP/1.1",
    b"GET http://local..host/ HTTP/1.1", b"GET http://localhost./ HTTP/1.1", b"B" * 9000 + b" / HTTP/1.1", b"B" * 9000,
    b"BREW-A-POT /" + b"x" * 9000 + b" HTTP/1.1", b"GET /" + b"x" * 9000 + b" HTTP/1.1", b"B(" * 5000 + b" / HTTP/1.1",
    b"PUT / HTTP/1.1", b"DELETE / HTTP/1.1", b"PATCH / HTTP/1.1", b"GET /\\ HTTP/1.1", b"GET /| HTTP/1.1",
]  # fmt: skip

FIELDS = [
    b"", b"A: b", b"A:b", b"A:", b"A: ", b"A:\tb\t", b"A : b", b"A\t: b", b": b", b"A", b" A: b", b"A: b\r\n c",
    b"A b: c", b"A(: c", b"\xc3\xa9: c", b"A: \xc3\xa9", b"A: \x00", b"A: \x01", b"A: \x7f", b"A: b\rc", b"A: b\nB: c",
    b"A_b: c", b"A.b: c", b"Host: localhost", b"Host: other", b"Host: a, b", b"Host: a b", b"Host: ", b"Host: a/b",
    b"Host: .", b"Host: ..x", b"Host: a..b", b"Host: a.", b"Host: a..", b"Host: a%2e.b", b"Host: .:80",
    b"Connection: close;", b"Connection: a b", b"Connection: , close ,", b"Connection: \"close\"", b"Connection:",
    b"Connection: close; q=1", b"Connection: keep-alive/1", b"Connection: close\r\nConnection: @",
    b"Host: a@b", b"Host: [::1]:80", b"Host: a:b", b"Host: a:99999", b"hOST: a", b"Connection: close",
    b"Connection: keep-alive", b"Connection: close, keep-alive", b"Expect: 100-continue", b"Expect: tea",
    b"Upgrade: h2c", b"TE: trailers", b"Trailer: A",
]  # fmt: skip

LENGTHS = [
    b"3", b"03", b"+3", b"-3", b"3,3", b"3, 3", b"3 3", b"0x3", b"3.0", b"", b"three", b"3;a", b"\t3", b"3 ", b"0",
    b"3\r\nContent-Length: 3", b"3\r\nContent-Length: 4", b"0\r\nContent-Length: 3", b"18446744073709551617",
    b"18446744073709551619", b"99999999999999999999", b"\xb2", b"3\x0b", b"3\r\nTransfer-Encoding: chunked",
    b"3\r\nTransfer-Encoding: identity", b"3\r\nTransfer-Encoding:", b"3\r\nTransfer-Encoding: gzip",
    b"3\r\nContent_Length: 4", b"3\r\nContent-Length : 4",
]  # fmt: skip

CODINGS = [
    b"chunked", b"Chunked", b"CHUNKED", b" chunked ", b"\tchunked", b"\x0bchunked", b"chunked,", b",chunked",
    b"chunked, chunked", b"gzip, chunked", b"chunked, gzip", b"identity", b"identity, chunked", b"chunked;a=b",
    b"\"chunked\"", b"xchunked", b"chunkedx", b"chunked\r\nTransfer-Encoding: chunked", b"", b"gzip", b"chunked\x00",
    b"chunked\r\nTransfer-Encoding: identity", b"chunked\r\nContent-Length: 3", b"chunked\r\nTransfer_Encoding: x",
]  # fmt: skip

BODIES = [
    b"3\r\nabc\r\n0\r\n\r\n", b"03\r\nabc\r\n00\r\n\r\n", b"3;a=b\r\nabc\r\n0\r\n\r\n", b"3 \r\nabc\r\n0\r\n\r\n",
    b"3\t\r\nabc\r\n0\r\n\r\n", b" 3\r\nabc\r\n0\r\n\r\n", b"3;\r\nabc\r\n0\r\n\r\n", b"3 ;a\r\nabc\r\n0\r\n\r\n",
    b"3;a=\"b\r\nc\"\r\nabc\r\n0\r\n\r\n", b"3;a=\"b;\\\"c\"\r\nabc\r\n0\r\n\r\n", b"3\nabc\n0\n\n", b"3\nabc\r\n0\r\n\r\n",
    b"3\r\nabc\n0\r\n\r\n", b"3\r\nabc0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"3\r\nab\r\n0\r\n\r\n", b"0\r\n\r\n", b"0\r\n",
    b"0\r\nA: b\r\n\r\n", b"0\r\nA : b\r\n\r\n", b"0\r\nContent-Length: 3\r\n\r\n", b"0\r\n A: b\r\n\r\n", b"0\r\nA\r\n\r\n",
    b"x\r\n", b"0x3\r\nabc\r\n0\r\n\r\n", b"+3\r\nabc\r\n0\r\n\r\n", b"-3\r\nabc\r\n0\r\n\r\n", b"3_\r\nabc\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\n", b"10000000000000003\r\nabc\r\n0\r\n\r\n", b"00000000000000003\r\nabc\r\n0\r\n\r\n",
    b"A\r\n0123456789\r\n0\r\n\r\n", b"a\r\n0123456789\r\n0\r\n\r\n", b"3\r\rabc\r\n0\r\n\r\n", b"3\r\nabc\r\r0\r\n\r\n",
    b"3;a\nb\r\nabc\r\n0\r\n\r\n", b"3;a\rb\r\nabc\r\n0\r\n\r\n", b"3\r\nabc\r\n0;a\r\n\r\n", b"3\r\nabc\r\n0\r\n\r\nX",
    b"0\r\nA: b\n\r\n", b"0\r\n\n", b"0\n\r\n", b"\r\n0\r\n\r\n", b"",
]  # fmt: skip

# Nothing is wrong with these.
GOOD = [
    GET + b"\r\n", b"\r\n" + GET + b"A: b\r\n\r\n", POST + b"Content-Length: 3\r\n\r\nabc", CHUNKED + BODIES[0],
    CHUNKED + b"3;a=\"b\"\r\nabc\r\n0;c\r\nD: e\r\n\r\n", GET + b"Transfer-Encoding: chunked\r\n\r\n" + BODIES[1],
    b"GET http://localhost:80/a?b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 28\r\n\r\n" + b"GET / HTTP/1.1\r\nHost: ab\r\n\r\n",
    b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
]  # fmt: skip

# What requests are changed with.
PIECES = [
    b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\t", b"\x00", b"\x0b", b"\x7f", b"\x80", b":", b",", b";", b'"', b"\\",
    b"0", b"1", b"3", b"a", b"-", b"+", b"_", b"%", b"%0d%0a", b"#", b"?", b"/", b"@", b"[", b"chunked", b"Host: b\r\n",
    b"Content-Length: 3\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"A: b\r\n", b" HTTP/1.1",
    b"0\r\n\r\n", b"abc", b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"\r\n ",
]  # fmt: skip


def table():
    """Everything that was thought of."""
    for line in LINES:
        yield line + b"\r\nHost: localhost\r\n\r\n"
        yield line + b"\r\n\r\n"
        yield b"\r\n" + line + b"\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
        yield line + b"\nHost: localhost\n\n"
    for field in FIELDS:
        yield GET + field + b"\r\n\r\n"
        yield b"GET / HTTP/1.1\r\n" + field + b"\r\n\r\n"
        yield b"GET / HTTP/1.0\r\n" + field + b"\r\n\r\n"
        yield POST + field + b"\r\nContent-Length: 3\r\n\r\nabc"
        yield POST + b"Content-Length: 3\r\n" + field + b"\r\n\r\nabc"
    for length in LENGTHS:
        for head in (GET, POST, POST.replace(b"1.1", b"1.0")):
            yield head + b"Content-Length: " + length + b"\r\n\r\nabc"
    for coding in CODINGS:
        for head in (GET, POST, POST.replace(b"1.1", b"1.0")):
            yield head + b"Transfer-Encoding: " + coding + b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            yield head + b"Transfer-Encoding : " + coding + b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            yield head + b"Content-Length: 13\r\nTransfer-Encoding: " + coding + b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    for body in BODIES:
        yield CHUNKED + body
        yield CHUNKED.replace(b"POST", b"GET") + body


def made_up(count, seed):
    """So many more: half of them from good ones, half from the table, changed in one place or a few."""
    known = list(table())
    chance = random.Random(seed)
    for _ in range(count):
        request = chance.choice(chance.choice([GOOD, known]))
        for _ in range(chance.choice([1, 1, 1, 2, 3])):
            at = chance.randrange(len(request) + 1)
            cut = chance.choice([0, 0, 1, 1, 2, 5])
            request = request[:at] + chance.choice([b"", *PIECES]) + request[at + cut :]
        yield request
