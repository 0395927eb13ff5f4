"""What two readers may see differently, each with the sentence that allows what onepoll does."""

import re

# Who, what, the sentence, and the requests it is about.
ALLOWED = [
    (
        "nginx",
        "a method in other letters than capitals",
        'RFC 9110 §9.1: "The method token is case-sensitive", and §5.6.2 lets a token have any of these letters',
        lambda request, line: re.search(rb"[^A-Z_\s-]\S* \S+ HTTP/1\.", request),
    ),
    (
        "nginx",
        "OPTIONS *",
        'RFC 9112 §3.2.4: "the client MUST send only "*" (%x2A) as the request target" for a server-wide OPTIONS',
        lambda request, line: line.startswith(b"OPTIONS * "),
    ),
    (
        "nginx",
        "a path that climbs above the root, or has a NUL in it",
        "RFC 9110 §15.5.5: 404 for what the server has no representation of; the line itself is well formed",
        lambda request, line: re.search(rb"(?i)/(\.|%2e){2}(/|$|[? ])|%00", line),
    ),
    (
        "nginx",
        "a tab before a value, or behind it",
        'RFC 9110 §5.5 and §5.6.3: a value may have optional white space around it, "*( SP / HTAB )"',
        lambda request, line: re.search(rb"(?i)\n(host|content-length|transfer-encoding):([ \t]*\t|[^\r]*\t\r)", request),
    ),
    (
        "nginx",
        "a bare LF or CR before the request behind this one",
        'RFC 9112 §2.2: "a recipient MAY recognize a single LF as a line terminator", and onepoll does not; a bare CR it'
        " MUST \"consider [...] to be invalid or replace\"",
        lambda request, line: set(behind(request)) <= set(b"\r\n") and behind(request).replace(b"\r\n", b""),
    ),
    (
        "nginx",
        "what only begins as close or keep-alive does",
        'RFC 9110 §7.6.1: "connection-option = token"; nginx looks for these words anywhere in the value',
        lambda request, line: re.search(rb"(?i)\nconnection:[^\r]*(close|keep-alive)", request),
    ),
    (
        "nginx",
        "a host with other characters than most have",
        "RFC 3986 §3.2.2: reg-name = *( unreserved / pct-encoded / sub-delims )",
        lambda request, line: re.search(rb"://[^/ ]*[!$&'()*+,;=%_][^/ ]*", line),
    ),
    (
        "h11",
        "an empty line before a request",
        'RFC 9112 §2.2: a server "SHOULD ignore at least one empty line (CRLF) received prior to the request-line"',
        lambda request, line: request.startswith(b"\r\n") or behind(request).startswith(b"\r\n"),
    ),
    (
        "h11",
        "a field that frames, in a trailer section",
        'RFC 9112 §7.1.2: a recipient "MAY selectively retain or discard the received trailer fields"',
        lambda request, line: re.search(rb"(?i)\n0+(;[^\r]*)?\r\n(.*\r\n)*(content-length|transfer-encoding):", request),
    ),
    (
        "h11",
        "keep-alive in HTTP/1.0",
        'RFC 9112 §9.3: "If the received protocol is HTTP/1.0, the "keep-alive" connection option is present, [...] the'
        ' connection will persist"',
        lambda request, line: line.endswith(b"HTTP/1.0") and b"keep-alive" in request.lower(),
    ),
]


def allowed(name, request):
    """Why `name` may read `request` otherwise than onepoll, or None."""
    line = request.lstrip(b"\r\n").split(b"\r\n")[0]
    for who, what, sentence, is_about in ALLOWED:
        if who == name and is_about(request, line):
            return f"{what}. {sentence}"
    return None


def behind(request):
    """What stands behind the content where its length is said, or behind the head where it is not."""
    head, _, rest = request.lstrip(b"\r\n").partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\ncontent-length:[ \t]*(\d+)", head)
    if length is None and re.search(rb"(?i)\ntransfer-encoding:", head):
        end = re.search(rb"(^|\n)0+(;[^\r\n]*)?\r\n([^\r\n]+\r\n)*\r\n", rest)
        return rest[end.end() :] if end else b""
    return rest[int(length[1]) if length else 0 :]
