#!/usr/bin/env python3
"""Measures onepoll side by side with other servers of files, on loopback. From the project's root:

    benches/peers/install && cargo build --release && benches/peers/measure.py

`limit` is the floor (limit.c): the same bytes with next to no server around them; a reference, not a law.
ONEPOLL_BIN names another program than target/release/onepoll.

Each server has one CPU to itself, the clients have another. Rounds go through the servers in turn
(A B C A B C): what else the machine does meets all of them. Machines are noisy: read ratios within a
run, and the CPU time of a request before requests a second.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

import report
from loads import LOADS
from servers import FLOOR, OURS, Servers

SERVERS = [FLOOR, OURS, "nginx", "nginx+cache", "h2o", "lighttpd", "static-web-server"]
MORE_SERVERS = ["caddy", "python"]


def main():
    options = parse()
    server_cpu, client_cpu = options.cpus
    os.sched_setaffinity(0, {client_cpu})
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))
    results = {}
    with tempfile.TemporaryDirectory(prefix="onepoll-peers-") as work:
        os.chmod(work, 0o755)  # some servers give up the rights of root
        servers = Servers(work, server_cpu)
        names = [name for name in options.servers if is_here(servers, name)]
        for load in options.loads:
            rounds = measure(servers, load, names, options)
            if rounds:
                results[load] = rounds
                print(report.text(load, rounds), end="\n\n", flush=True)
    if not results:
        sys.exit("nothing was measured")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    print(report.machine(report.measured(results)))
    if options.markdown:
        options.markdown.write_text(report.markdown(results, options) + "\n")


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=some_of(SERVERS + MORE_SERVERS), default=SERVERS, metavar="A,B,C",
                        help=f"{','.join(SERVERS)}; also {','.join(MORE_SERVERS)}")
    parser.add_argument("--loads", type=some_of(LOADS), default=list(LOADS), metavar="A,B,C",
                        help=",".join(LOADS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of a load in a round")
    parser.add_argument("--cpus", type=lambda text: map(int, text.split(",")), default=(0, 1),
                        metavar="0,1", help="for the server and for the clients; not two threads of one core")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="every figure of every round")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE", help="the tables of docs/speed.md")
    return parser.parse_args()


def some_of(known):
    def parse_names(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is none of {','.join(known)}")
        return names
    return parse_names


def is_here(servers, name):
    if servers.has(name):
        return True
    print(f"{name} is left out: there is no {servers.command(name)[0]}", file=sys.stderr)
    return False


def measure(servers, load, names, options):
    """All rounds of one load, in turn: a list of results for each server."""
    takes_part = LOADS[load].names or names
    rounds = {}
    for _ in range(options.rounds):
        for name in filter(takes_part.__contains__, names):
            try:
                result = LOADS[load].measure(servers, name, options.seconds)
            except (OSError, RuntimeError, subprocess.SubprocessError) as error:
                print(f"{load} of {name} failed: {error}", file=sys.stderr)
            else:
                rounds.setdefault(name, []).append(result)
    return rounds


if __name__ == "__main__":
    main()
