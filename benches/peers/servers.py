"""Who is measured: how each server is started, alone on one CPU, and what it has used of the machine."""

import contextlib
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

from files import Files

PORT = 18080
FLOOR, OURS = "limit", "onepoll"
SERVERS = [FLOOR, OURS, "nginx", "nginx+cache", "h2o", "lighttpd", "static-web-server"]
MORE_SERVERS = ["caddy", "miniserve", "python", "serve"]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")).absolute()
# The last one is not searched for a plain user, but has servers in it.
SEARCH_PATH = f"{TARGET}/peers/bin:{TARGET}/peers/node_modules/.bin:{os.environ['PATH']}:/usr/sbin"

FILES = {"1k.txt": 1 << 10, "100k.bin": 100 << 10, "1m.bin": 1 << 20, "256m.bin": 256 << 20}

NGINX = """
daemon off; master_process off; pid {work}/nginx.pid; error_log /dev/null;
worker_rlimit_nofile 65536;
events {{ worker_connections 20000; use epoll; multi_accept on; }}
http {{
  include /etc/nginx/mime.types; access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  client_body_temp_path {work}/nginx1; proxy_temp_path {work}/nginx2; fastcgi_temp_path {work}/nginx3;
  uwsgi_temp_path {work}/nginx4; scgi_temp_path {work}/nginx5;
  {cache}
  server {{ listen 127.0.0.1:{port} backlog=4096; root {www}; }}
}}
"""
NGINX_CACHE = "open_file_cache max=20000 inactive=60s; open_file_cache_valid 1s; open_file_cache_min_uses 1;"

LIGHTTPD = """
server.document-root = "{www}"
server.port = {port}
server.bind = "127.0.0.1"
server.max-keep-alive-requests = 100000000
server.max-connections = 20000
server.max-fds = 60000
mimetype.assign = (".html" => "text/html", ".txt" => "text/plain", "" => "application/octet-stream")
"""

H2O = """
num-threads: 1
max-connections: 20000
listen: {{host: 127.0.0.1, port: {port}}}
hosts:
  "default":
    paths:
      "/":
        file.dir: {www}
"""


class Servers:
    """All servers that can be started, for the FILES in a folder of their own."""

    def __init__(self, work, cpu):
        self.work, self.cpu = pathlib.Path(work), cpu
        self.www = self.work / "www"
        self.www.mkdir()
        for name, size in FILES.items():
            (self.www / name).write_bytes(os.urandom(1 << 10) * (size >> 10))
        self.many = None
        os.sync()
        configurations = {
            "nginx": NGINX.format(work=work, www=self.www, port=PORT, cache=""),
            "nginx+cache": NGINX.format(work=work, www=self.www, port=PORT, cache=NGINX_CACHE),
            "lighttpd": LIGHTTPD.format(www=self.www, port=PORT),
            "h2o": H2O.format(www=self.www, port=PORT),
        }
        for name, text in configurations.items():
            (self.work / name).write_text(text)

    def files(self):
        """The many files, which are made when they are first asked for."""
        if self.many is None:
            self.many = Files(self.www)
            os.sync()
        return self.many

    def command(self, name, floor_file="1k.txt"):
        """What starts a server. The floor knows one file only."""
        return {
            FLOOR: f"limit {PORT} {self.www}/{floor_file}",
            OURS: f"{onepoll()} --port {PORT} {self.www}",
            "nginx": f"nginx -c {self.work}/nginx",
            "nginx+cache": f"nginx -c {self.work}/nginx+cache",
            "h2o": f"h2o -c {self.work}/h2o",
            "lighttpd": f"lighttpd -D -f {self.work}/lighttpd",
            "static-web-server":
                f"static-web-server -a 127.0.0.1 -p {PORT} -d {self.www} --threads-multiplier 1 -g error",
            "caddy": f"caddy file-server --root {self.www} --listen 127.0.0.1:{PORT}",
            "miniserve": f"miniserve --interfaces 127.0.0.1 --port {PORT} {self.www}",
            "serve": f"serve --no-clipboard --no-request-logging --listen tcp://127.0.0.1:{PORT} {self.www}",
            "python": f"{sys.executable} -m http.server -p HTTP/1.1 -b 127.0.0.1 -d {self.www} {PORT}",
        }[name].split()

    def has(self, name):
        return shutil.which(self.command(name)[0], path=SEARCH_PATH) is not None

    @contextlib.contextmanager
    def serving(self, name, floor_file="1k.txt", log=None):
        """The server NAME while it listens; with a LOG, it writes there what it answers."""
        with self.started(name, lambda: os.sched_setaffinity(0, {self.cpu}), floor_file, log) as server:
            wait_until_it_listens(server)
            yield server

    @contextlib.contextmanager
    def started(self, name, before_exec, floor_file="1k.txt", log=None):
        """The server NAME, which may not listen yet. BEFORE_EXEC runs in its process."""
        require_free_port()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ONEPOLL_")}
        environment |= {"PATH": SEARCH_PATH, "HOME": str(self.work), "GOMAXPROCS": "1", "NO_UPDATE_CHECK": "1"}
        environment |= {"RUST_LOG": "info" if log else "error"}
        process = subprocess.Popen(
            self.command(name, floor_file), executable=shutil.which(self.command(name)[0], path=SEARCH_PATH),
            stdout=subprocess.DEVNULL, stderr=log or subprocess.DEVNULL, preexec_fn=before_exec,
            env=environment, cwd=self.work, start_new_session=True)
        try:
            yield Running(process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def onepoll():
    return os.path.abspath(os.environ.get("ONEPOLL_BIN", TARGET / "release" / "onepoll"))


def require_free_port():
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", PORT))


def wait_until_it_listens(server):
    for _ in range(200):
        server.require_life()
        try:
            socket.create_connection(("127.0.0.1", PORT), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            time.sleep(0.3)  # what it does at its start is no cost of a request
            return
    raise RuntimeError("it does not listen")


class Running:
    """A server with its children, as the kernel accounts for them."""

    def __init__(self, process):
        self.process, self.pid = process, process.pid

    def require_life(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"it ended with {self.process.returncode}")

    def cpu_seconds(self):
        return sum(map(cpu_seconds, family(self.pid)))

    def memory_kib(self):
        return sum(map(memory_kib, family(self.pid)))


def family(pid):
    pids = [pid]
    for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            pids += family(int(child))
    return pids


def cpu_seconds(pid):
    """Of all threads, also those that have ended, by the clock that clock_getcpuclockid(3) names."""
    return time.clock_gettime(~pid << 3 | 2)


def memory_kib(pid):
    smaps = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", smaps, re.MULTILINE)[1])


def version(name):
    """Of a server or client, as it says itself."""
    if name == "python":
        return platform.python_version()
    ask = {OURS: [onepoll(), "--version"], "nginx": ["nginx", "-v"], "lighttpd": ["lighttpd", "-v"],
           "caddy": ["caddy", "version"], "wrk": ["wrk", "-v"]}.get(name, [name, "--version"])
    told = subprocess.run(ask, capture_output=True, text=True, env={**os.environ, "PATH": SEARCH_PATH})
    found = re.search(r"\d+(\.\d+)+", told.stdout + told.stderr)
    return found[0] if found else "of unknown version"
