"""The clients: wrk, curl, and connections of this process."""

import contextlib
import multiprocessing
import os
import re
import socket
import struct
import subprocess
import time

from servers import FILES, PORT

URL = f"http://127.0.0.1:{PORT}"
SLOW_READERS = 32
RATE = 200  # requests a second


def requests(server, path, connections, seconds, *options, failing=0):
    """wrk, and what a request of it cost the server. FAILING is the share of the answers that must be 4xx or 5xx."""
    used = server.cpu_seconds()
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "5s", *options]
    told = subprocess.run([*command, URL + path], capture_output=True, text=True, check=True).stdout
    used = server.cpu_seconds() - used
    count = int(re.search(r"(\d+) requests in", told)[1])
    if count == 0:
        raise RuntimeError("nothing was answered")
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    failed = int(failed[1]) if failed else 0
    # Where only a part fails, the requests that wrk had time for have about that part.
    if abs(failed - failing * count) > (0.02 * count if 0 < failing < 1 else 0):
        raise RuntimeError(f"{failed} of {count} answers were 4xx or 5xx, and {failing:.0%} were to be")
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
    """This process waits for the server alone, not for the other clients' CPU. Without root it waits for both."""
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


def require_answer(connection, received):
    """RECEIVED is what has come of the answer that must be 1k.txt."""
    while len(received.partition(b"\r\n\r\n")[2]) < FILES["1k.txt"]:
        piece = connection.recv(65536)
        if not piece:
            raise RuntimeError("a connection was closed before its answer")
        received += piece
    if not received.split()[1:2] == [b"200"]:
        raise RuntimeError(f"the answer begins with {received[:40]}")


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
