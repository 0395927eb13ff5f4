"""How long a server takes from exec to the first byte of an answer, and how much memory it has then."""

import os
import socket
import statistics
import struct
import time

from clients import require_answer
from servers import PORT

STARTS = 5  # in a round
PATIENCE = 30  # seconds


def start(servers, name, _seconds):
    times, memory = [], []
    for _ in range(STARTS):
        milliseconds, kib = one_start(servers, name)
        times.append(milliseconds)
        memory.append(kib)
    return {"start_ms": statistics.median(times), "rest_kib": statistics.median(memory)}


def one_start(servers, name):
    told, tells = os.pipe()
    with os.fdopen(told, "rb") as told, os.fdopen(tells, "wb", buffering=0) as tells:
        def about_to_exec():
            os.sched_setaffinity(0, {servers.cpu})
            tells.write(struct.pack("d", time.monotonic()))

        with servers.started(name, about_to_exec) as server:
            began, = struct.unpack("d", told.read(8))
            ended = first_byte(server, began + PATIENCE)
            time.sleep(0.3)  # until it rests
            return (ended - began) * 1e3, server.memory_kib()


def first_byte(server, limit):
    """When the first byte of an answer came. Asks again and again: the server has another CPU."""
    while time.monotonic() < limit:
        server.require_life()
        with socket.socket() as connection:
            connection.settimeout(5)
            try:
                connection.connect(("127.0.0.1", PORT))
                connection.sendall(b"GET /1k.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
                byte = connection.recv(1)
            except ConnectionError:
                continue
            if byte:
                came = time.monotonic()
                require_answer(connection, byte)
                return came
    raise RuntimeError("it does not answer")
