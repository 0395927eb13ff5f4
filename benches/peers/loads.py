"""What the servers are asked, and the figures that come out."""

import collections
import contextlib
import multiprocessing
import os
import re
import socket
import struct
import subprocess
import tempfile
import time

from servers import FILES, FLOOR, OURS, PORT

URL = f"http://127.0.0.1:{PORT}"
BIG = FILES["256m.bin"]
SLOW_READERS = 32
RATE = 200  # requests a second
CROWDS = (5_000, 15_000)

PIPELINED = """
init = function()
  local requests = {}
  for i = 1, 16 do requests[i] = wrk.format("GET", "/1k.txt") end
  all = table.concat(requests)
end
request = function() return all end
"""

# `measure(servers, name, seconds)` gives the figures of one round; `judged` are those of which less is
# better, with what the table calls them; `names` are the servers it is for, if not for all.
Load = collections.namedtuple("Load", "measure judged names", defaults=[None])


def small(servers, name, seconds):
    with servers.serving(name) as server:
        return requests(server, "/1k.txt", 64, seconds)


def close(servers, name, seconds):
    with servers.serving(name) as server:
        return requests(server, "/1k.txt", 64, seconds, "-H", "Connection: close")


def pipe(servers, name, seconds):
    with servers.serving(name) as server, tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(PIPELINED)
        script.flush()
        return requests(server, "/1k.txt", 64, seconds, "-s", script.name)


def medium(servers, name, seconds):
    with servers.serving(name, "100k.bin") as server:
        return requests(server, "/100k.bin", 16, seconds)


def big(servers, name, _seconds):
    """Four downloads in turn, however long they take."""
    with servers.serving(name, "256m.bin") as server:
        used, begin, gigabytes = server.cpu_seconds(), time.monotonic(), 4 * BIG / 1e9
        for _ in range(4):
            download = [*curl("256m.bin"), "--write-out", "%{size_download}"]
            got = subprocess.run(download, capture_output=True, text=True).stdout
            if got != str(BIG):
                raise RuntimeError(f"{got} bytes came of {BIG}")
        seconds = time.monotonic() - begin
        used = server.cpu_seconds() - used
        return {"cpu_us": used / gigabytes * 1e6, "gb_per_second": gigabytes / seconds}


def idle(servers, name, seconds):
    with servers.serving(name) as server, contextlib.ExitStack() as held:
        empty = server.memory_kib()
        connections = connect_idle(5_000, held)
        full = server.memory_kib()
        figures = requests(server, "/1k.txt", 64, seconds)
        require_open(connections)
        return figures | {"memory_kib": empty, "kib_per_idle": (full - empty) / 5_000}


def crowd(servers, name, seconds):
    """How the same process fares beside ever more idle connections."""
    figures = {}
    with servers.serving(name) as server, contextlib.ExitStack() as held:
        alone = requests(server, "/1k.txt", 64, seconds)["cpu_us"]
        figures["cpu_us_beside_0"] = alone
        connections = []
        for count in CROWDS:
            connections += connect_idle(count - len(connections), held)
            beside = requests(server, "/1k.txt", 64, seconds)["cpu_us"]
            figures |= {f"cpu_us_beside_{count}": beside, f"growth_{count}": beside / alone}
        require_open(connections)
    return figures


def slow(servers, name, seconds):
    """How long small requests wait beside 32 slow readers and a fast one.

    They come at a fixed rate. A client that asks again as soon as it is answered would compete with the fast reader for
    the clients' CPU, the more the faster the server answers, and measure its own wait for that.
    """
    # A dot for each whole file, on stderr, which is not buffered.
    fast_download = [*curl("256m.bin#[1-1000000]"), "--fail-early", "--write-out", "%{stderr}."]
    with servers.serving(name) as server, tempfile.TemporaryFile() as dots:
        with slow_readers(), running(fast_download, dots):
            time.sleep(1)  # until the slow ones have what they take at once
            files, begin = size(dots), time.monotonic()
            with ahead_of_others():
                waits = waits_at_a_fixed_rate("/1k.txt", seconds)
            files, elapsed = size(dots) - files, time.monotonic() - begin
    figures = {f"p{percentile}_us": waits[len(waits) * percentile // 100] for percentile in (50, 99)}
    return figures | {"max_us": waits[-1], "fast_gb_per_second": files * BIG / 1e9 / elapsed}


def log(servers, name, seconds):
    quiet = small(servers, name, seconds)["cpu_us"]
    with tempfile.TemporaryFile() as lines, servers.serving(name, log=lines) as server:
        logged = requests(server, "/1k.txt", 64, seconds)["cpu_us"]
        if size(lines) == 0:
            raise RuntimeError("nothing was logged")
    return {"log_ratio": logged / quiet, "cpu_us_quiet": quiet, "cpu_us_logged": logged}


LOADS = {
    "small": Load(small, {"cpu_us": "1 KiB, 64 connections"}),
    "close": Load(close, {"cpu_us": "1 KiB, a connection for each"}),
    "pipe": Load(pipe, {"cpu_us": "1 KiB, 16 pipelined"}),
    "100k": Load(medium, {"cpu_us": "100 KiB, 16 connections"}),
    "big": Load(big, {"cpu_us": "256 MiB files: µs a GB"}),
    "idle": Load(idle, {"cpu_us": "1 KiB beside 5,000 idle connections",
                        "kib_per_idle": "process memory of an idle connection, KiB"}),
    "crowd": Load(crowd, {f"growth_{count}": f"CPU beside {count:,} idle ÷ beside none" for count in CROWDS},
                  [FLOOR, OURS]),
    "log": Load(log, {"log_ratio": "CPU with the access log ÷ without"}, [OURS]),
    "slow": Load(slow, {"p50_us": "wait beside slow readers, median, µs",
                        "p99_us": "wait beside slow readers, 99 of 100, µs"}, [OURS, "nginx", "h2o"]),
}


def requests(server, path, connections, seconds, *options):
    """wrk, and what a request of it cost the server."""
    used = server.cpu_seconds()
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "5s", *options]
    told = subprocess.run([*command, URL + path], capture_output=True, text=True, check=True).stdout
    used = server.cpu_seconds() - used
    if trouble := re.search(r"Non-2xx.*", told):
        raise RuntimeError(trouble[0])
    count = int(re.search(r"(\d+) requests in", told)[1])
    if count == 0:
        raise RuntimeError("nothing was answered")
    errors = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", told)
    return {
        "cpu_us": used / count * 1e6,
        "requests_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1]),
        "p50_us": latency_us(told, 50),
        "p99_us": latency_us(told, 99),
        "socket_errors": sum(map(int, errors.groups())) if errors else 0,
    }


def latency_us(told, percentile):
    number, unit = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s|m)\b", told).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6}[unit]


def waits_at_a_fixed_rate(path, seconds):
    """Microseconds from when each request was due to the end of its answer, sorted."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    waits = []
    with socket.create_connection(("127.0.0.1", PORT), 5) as connection:
        begin = time.monotonic()
        for number in range(RATE * seconds):
            due = begin + number / RATE
            time.sleep(max(0, due - time.monotonic()))
            connection.sendall(request)
            receive_answer(connection, FILES[path[1:]])
            waits.append((time.monotonic() - due) * 1e6)
    return sorted(waits)


@contextlib.contextmanager
def ahead_of_others():
    """Whoever measures waits for the server alone, not for the other clients' CPU; without root it waits for both."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def receive_answer(connection, content_bytes):
    received = b""
    while len(received) < content_bytes or len(received.partition(b"\r\n\r\n")[2]) < content_bytes:
        piece = connection.recv(65536)
        if not piece:
            raise RuntimeError("a connection was closed before its answer")
        received += piece


def curl(path):
    return ["curl", "-q", "--silent", "--noproxy", "*", "--output", "/dev/null", f"{URL}/{path}"]


@contextlib.contextmanager
def running(command, stderr=subprocess.DEVNULL):
    """A client that must outlast what is done beside it."""
    process = subprocess.Popen(command, stderr=stderr)
    try:
        yield
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def slow_readers():
    """Each takes a big file at 100 KB/s, with so small a buffer that the server feels it."""
    ended = multiprocessing.Event()
    with contextlib.ExitStack() as held:
        connections = []
        for _ in range(SLOW_READERS):
            connection = held.enter_context(socket.socket())
            connection.settimeout(5)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 << 10)
            connection.connect(("127.0.0.1", PORT))
            connection.sendall(b"GET /256m.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
            connections.append(connection)

        def read_slowly():
            while not ended.wait(0.05):
                for connection in connections:
                    if not connection.recv(5_000):
                        return

        # A process, since a thread would share its lock with whoever measures.
        reader = multiprocessing.Process(target=read_slowly)
        reader.start()
        try:
            yield
            if not reader.is_alive():
                raise RuntimeError("a slow reader got nothing more")
        finally:
            ended.set()
            reader.join()


def size(file):
    return os.fstat(file.fileno()).st_size


def connect_idle(count, held):
    """Connections that asked once and stay open. They end by a reset: so their ports are free at once."""
    reset_at_close = struct.pack("ii", 1, 0)
    connections = []
    for _ in range(count):
        connection = held.enter_context(socket.create_connection(("127.0.0.1", PORT), 2))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_at_close)
        connection.sendall(b"GET /1k.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
        receive_answer(connection, FILES["1k.txt"])
        connections.append(connection)
    return connections


def require_open(connections):
    for connection in connections:
        connection.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            if not connection.recv(4096):
                raise RuntimeError("an idle connection was closed")
        connection.settimeout(2)
