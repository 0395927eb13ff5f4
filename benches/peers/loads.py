"""What the servers are asked, and the figures that come out."""

import collections
import contextlib
import subprocess
import tempfile
import time

import many
import start
import storm
from clients import (ahead_of_others, connect_idle, curl, require_open, requests, running, size, slow_readers,
                     waits_at_a_fixed_rate)
from servers import FILES, FLOOR, MORE_SERVERS, OURS, SERVERS

BIG = FILES["256m.bin"]
CROWDS = (5_000, 15_000)

PIPELINED = """
init = function()
  local requests = {}
  for i = 1, 16 do requests[i] = wrk.format("GET", "/1k.txt") end
  all = table.concat(requests)
end
request = function() return all end
"""

EVERY = SERVERS + MORE_SERVERS
REAL = [name for name in EVERY if name != FLOOR]

# `measure(servers, name, seconds)` gives the figures of one round; `judged` are those of which less is
# better, with what the table calls them; `possible` are the servers it can be for, and `usual` those that
# take part where none are named.
Load = collections.namedtuple("Load", "measure judged possible usual", defaults=[EVERY, SERVERS])


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

    What a GB takes the fast one is judged, too: a server that holds it back has an easy time with small requests. These
    come at a fixed rate. A client that asks again as soon as it is answered would compete with the fast reader for
    the clients' CPU, the more the faster the server answers, and measure its own wait for that.
    """
    # A dot for each whole file, on stderr, which is not buffered.
    fast_download = [*curl("256m.bin#[1-1000000]"), "--fail-early", "--write-out", "%{stderr}."]
    with servers.serving(name) as server, tempfile.TemporaryFile() as dots:
        with slow_readers(), running(fast_download, dots):
            time.sleep(1)  # until the slow ones have what they take at once
            files, begin = size(dots), time.monotonic()
            with ahead_of_others():
                # One of 100 waits is only as steady as it is often seen.
                waits = waits_at_a_fixed_rate("/1k.txt", 3 * seconds)
            files, elapsed = size(dots) - files, time.monotonic() - begin
    figures = {f"p{percentile}_us": waits[len(waits) * percentile // 100] for percentile in (50, 99)}
    if files == 0:
        raise RuntimeError("the fast reader got no file")
    gigabytes = files * BIG / 1e9
    return figures | {"max_us": waits[-1], "fast_ms_a_gb": elapsed / gigabytes * 1e3,
                      "fast_gb_per_second": gigabytes / elapsed}


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
    "site": Load(many.load([(many.site, 100)], "mean.html"), {"cpu_us": "10,000 files of 128 B to 8 KiB"}),
    "deep": Load(many.load([(many.deep, 100)], "mean.html"), {"cpu_us": "the same, five folders deep"}),
    "404": Load(many.load([(many.missing, 100)]), {"cpu_us": "404"}, REAL),
    "304": Load(many.load([(many.unchanged, 100)]), {"cpu_us": "304"}, REAL),
    "range": Load(many.load([(many.ranges, 100)], "1k.txt"), {"cpu_us": "a range of 1 KiB of 1 MiB"}),
    "mixed": Load(many.load([(many.site, 70), (many.unchanged, 10), (many.missing, 10), (many.ranges, 5),
                             (many.hundred, 5)]), {"cpu_us": "mixed"}, REAL),
    "big": Load(big, {"cpu_us": "256 MiB files: µs a GB"}),
    "idle": Load(idle, {"cpu_us": "1 KiB beside 5,000 idle connections",
                        "kib_per_idle": "process memory of an idle connection, KiB"}),
    "crowd": Load(crowd, {f"growth_{count}": f"CPU beside {count:,} idle ÷ beside none" for count in CROWDS},
                  [FLOOR, OURS]),
    "log": Load(log, {"log_ratio": "CPU with the access log ÷ without"}, [OURS]),
    "start": Load(start.start, {"start_ms": "start: ms to the first byte", "rest_kib": "memory at rest, KiB"},
                  REAL, REAL),
    "storm": Load(storm.storm, {"stale": "stale answers while files change",
                                "p99_us": "wait while files change, 99 of 100, µs"}, REAL),
    "slow": Load(slow, {"p50_us": "wait beside slow readers, median, µs",
                        "p99_us": "wait beside slow readers, 99 of 100, µs",
                        "fast_ms_a_gb": "a fast reader beside them, ms a GB"}, REAL),
}
