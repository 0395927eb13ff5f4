#!/usr/bin/env python3
"""Measures onepoll side by side with other servers of files, on loopback. From the project's root:

    benches/peers/install && cargo build --release && benches/peers/measure.py

`limit` is the floor (limit.c): the same bytes with next to no server around them; a reference, not a law.
ONEPOLL_BIN names another program than target/release/onepoll.

Each server has one CPU to itself, the clients have another. Rounds go through the servers in turn
(A B C A B C): what else the machine does meets all of them. Rounds beside other work are made again, and
what stays noisy has no verdict (judge.py). Read ratios within a run, and the CPU time of a request before
requests a second.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

import judge
import report
from loads import LOADS
from servers import MORE_SERVERS, SERVERS, Servers


def main():
    options = parse()
    server_cpu, client_cpu = options.cpus
    os.sched_setaffinity(0, {client_cpu})
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))
    print(f"The load average is {os.getloadavg()[0]:.2f} before the first round.", flush=True)
    results = {}
    with tempfile.TemporaryDirectory(prefix="onepoll-peers-") as work:
        os.chmod(work, 0o755)  # some servers give up the rights of root
        servers = Servers(work, server_cpu)
        left_out = set()
        for load in options.loads:
            names = taking_part(servers, load, options.servers, left_out)
            rounds = measure(servers, load, names, options)
            if rounds:
                results[load] = rounds
                print(report.text(load, rounds), end="\n\n", flush=True)
    if not results:
        sys.exit("nothing was measured")
    if options.json:
        options.json.write_text(json.dumps(as_json(results), indent=1) + "\n")
    print(report.machine(report.measured(results)))
    if options.markdown:
        options.markdown.write_text(report.markdown(results, options) + "\n")


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=some_of(SERVERS + MORE_SERVERS), metavar="A,B,C",
                        help=f"{','.join(SERVERS)}; also {','.join(MORE_SERVERS)}, which start takes by itself")
    parser.add_argument("--loads", type=some_of(LOADS), default=list(LOADS), metavar="A,B,C",
                        help=",".join(LOADS))
    parser.add_argument("--rounds", type=int, default=3,
                        help=f"quiet rounds; up to {judge.ATTEMPTS} times as many are made to have them")
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


def taking_part(servers, load, asked, left_out):
    """The servers for one load that are here. Each that is not is told once."""
    wanted = [name for name in asked or LOADS[load].usual if name in LOADS[load].possible]
    for name in wanted:
        if not servers.has(name) and name not in left_out:
            left_out.add(name)
            print(f"{name} is left out: there is no {servers.command(name)[0]}", file=sys.stderr)
    return [name for name in wanted if name not in left_out]


def measure(servers, load, names, options):
    """All rounds of one load, by server."""
    rounds = {name: judge.Rounds(options.rounds) for name in names}

    def make(name):
        try:
            with judge.watching() as beside:
                result = LOADS[load].measure(servers, name, options.seconds)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            rounds[name].failures += 1
            print(f"{load} of {name} failed: {error}", file=sys.stderr)
        else:
            rounds[name].add(result, beside[0])

    def spreads():
        return report.has_wide_spread(load, answering(rounds))

    judge.make_rounds(rounds, make, spreads)
    return answering(rounds)


def answering(rounds):
    return {name: of_it for name, of_it in rounds.items() if of_it.made}


def as_json(results):
    """Every figure of every round, with what happened beside it and whether the round counts."""
    def told(rounds):
        counted = rounds.counted()
        return [result | {"beside": beside._asdict(), "counts": (result, beside) in counted}
                for result, beside in rounds.made]
    return {load: {name: told(of_it) for name, of_it in rounds.items()} for load, rounds in results.items()}


if __name__ == "__main__":
    main()
