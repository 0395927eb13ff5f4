"""The loads of whole sites: many files, and answers that send no whole file.

The requests are written before wrk begins, and the same for every server: wrk's script only takes the next one. Before
each round every kind of request is asked here, and the answers are compared with the files: a server must not look fast
by answering something else.
"""

import contextlib
import functools
import itertools
import random
import socket
import tempfile

import clients
from files import SEED
from servers import FILES, FLOOR, PORT

MISSING = 300  # names that are not there
SEQUENCE = 1 << 18  # more requests than wrk sends in a few seconds; then it begins again

SCRIPT = """
local requests = {{}}
for line in io.lines("{requests}") do
  requests[#requests + 1] = (line:gsub("\\t", "\\r\\n"))
end
local order, at = {{}}, 0
for number in io.lines("{order}") do
  order[#order + 1] = requests[tonumber(number)]
end
request = function()
  at = at % #order + 1
  return order[at]
end
"""


class Ask:
    """One request: its target, its fields, and the status of its answer."""

    def __init__(self, target, status=200, **fields):
        self.target, self.status = target, status
        self.fields = {name.replace("_", "-"): value for name, value in fields.items()}

    def lines(self):
        return [f"GET {self.target} HTTP/1.1", "Host: localhost", *(": ".join(field) for field in self.fields.items())]

    def text(self):
        return "\r\n".join([*self.lines(), "", ""])


def site(servers, _talk):
    return [Ask(path) for path in servers.files().flat]


def deep(servers, _talk):
    return [Ask(path) for path in servers.files().deep]


def missing(_servers, _talk):
    return [Ask(f"/site/nothing-{number:03}.html", 404) for number in range(MISSING)]


def unchanged(_servers, talk):
    """With the validators that the server gives."""
    _, fields, _ = talk.ask(Ask("/1k.txt"))
    given = {"If_None_Match": fields.get("etag"), "If_Modified_Since": fields.get("last-modified")}
    return [Ask("/1k.txt", 304, **{name: value for name, value in given.items() if value})]


def ranges(_servers, _talk):
    dice = random.Random(SEED)
    begins = [dice.randrange(FILES["1m.bin"] - 1024) for _ in range(1000)]
    return [Ask("/1m.bin", 206, Range=f"bytes={begin}-{begin + 1023}") for begin in begins]


def hundred(_servers, _talk):
    return [Ask("/100k.bin")]


def load(parts, floor_file=None):
    """The load of PARTS: kinds of requests, each with its share in hundredths."""
    def measure(servers, name, seconds):
        servers.files()
        with servers.serving(name, floor_file or "1k.txt") as server, contextlib.ExitStack() as held:
            talk = held.enter_context(Talk())
            kinds = [(kind(servers, talk), share) for kind, share in parts]
            asks = [ask for kind, _ in kinds for ask in kind]
            if name != FLOOR:
                check(asks, talk, servers.www)
            talk.close()
            order = order_of(tuple((len(kind), share) for kind, share in kinds))
            script = held.enter_context(written(asks, order))
            failing = sum(share for (first, *_), share in kinds if first.status >= 400) / 100
            return clients.requests(server, "/", 64, seconds, "-s", script, failing=0 if name == FLOOR else failing)
    return measure


@functools.cache
def order_of(kinds):
    """Places in the list of all requests, at random. KINDS has the number of requests of each kind, and its share."""
    dice = random.Random(SEED)
    counts, shares = zip(*kinds)
    begins = list(itertools.accumulate(counts, initial=0))
    chosen = dice.choices(range(len(kinds)), shares, k=SEQUENCE)
    return [begins[kind] + dice.randrange(counts[kind]) for kind in chosen]


@contextlib.contextmanager
def written(asks, order):
    """The script for wrk, and beside it the requests and their order."""
    with tempfile.TemporaryDirectory() as folder:
        requests = "".join("\t".join([*ask.lines(), "", ""]) + "\n" for ask in asks)
        files = {"requests": requests, "order": "".join(f"{place + 1}\n" for place in order)}
        for name, text in files.items():
            with open(f"{folder}/{name}", "w") as file:
                file.write(text)
        with open(f"{folder}/script.lua", "w") as file:
            file.write(SCRIPT.format(**{name: f"{folder}/{name}" for name in files}))
        yield f"{folder}/script.lua"


def check(asks, talk, www):
    """Asks everything once. So each server has seen each file before it is measured."""
    for ask in asks:
        status, _, content = talk.ask(ask)
        if status != ask.status:
            raise RuntimeError(f"{ask.target} was answered with {status} instead of {ask.status}")
        if status < 300 and content != expected(ask, www):
            raise RuntimeError(f"{ask.target} was answered with other content")


def expected(ask, www):
    content = (www / ask.target[1:]).read_bytes()
    if wanted := ask.fields.get("Range"):
        first, last = map(int, wanted.removeprefix("bytes=").split("-"))
        return content[first:last + 1]
    return content


class Talk:
    """One connection, one request after the other."""

    def __enter__(self):
        self.connection = socket.create_connection(("127.0.0.1", PORT), 5)
        self.received = self.connection.makefile("rb")
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.received.close()
        self.connection.close()

    def ask(self, ask):
        """The status, the fields by their names in small letters, and the content."""
        self.connection.sendall(ask.text().encode())
        return answer_from(self.received)


def answer_from(received):
    line = received.readline().split()
    if len(line) < 2:
        raise RuntimeError("a connection was closed before its answer")
    status, fields = int(line[1]), {}
    while (line := received.readline().strip()):
        name, _, value = line.decode("latin-1").partition(":")
        fields[name.lower()] = value.strip()
    if status == 304:
        return status, fields, b""
    if fields.get("transfer-encoding") != "chunked":
        return status, fields, received.read(int(fields["content-length"]))
    content = b""
    while length := int(received.readline(), 16):
        content += received.read(length)
        received.readline()
    received.readline()
    return status, fields, content
