"""What the rounds come to: medians with their spread, and whether a difference is more than that."""

import os
import pathlib
import platform
import re
import statistics

from loads import LOADS
from servers import FLOOR, OURS, version


class Figure:
    """One figure of one server over all rounds."""

    def __init__(self, rounds):
        self.rounds = len(rounds)
        self.median, self.min, self.max = statistics.median(rounds), min(rounds), max(rounds)

    def __str__(self):
        return number(self.median)

    def with_range(self):
        return f"{self} ({number(self.min)}..{number(self.max)})"

    def spread(self):
        return (self.max - self.min) / self.median if self.median else 0


def number(value):
    decimals = 0 if value >= 100 or value == 0 else 1 if value >= 10 else 2
    return f"{value:,.{decimals}f}"


def figures(rounds, key):
    """The figure KEY of each server; ROUNDS has a list of results by server."""
    return {name: Figure([result[key] for result in results]) for name, results in rounds.items()}


def best_peer(by_server):
    peers = {name: figure for name, figure in by_server.items() if name not in (FLOOR, OURS)}
    return min(peers, key=lambda name: peers[name].median, default=None)


def verdict(by_server):
    """How we stand to the best peer: apart only where the ranges of both do not touch. One round has none."""
    best = best_peer(by_server)
    if best is None or OURS not in by_server:
        return ""
    ours, theirs = by_server[OURS], by_server[best]
    if min(ours.rounds, theirs.rounds) == 1:
        return ""
    if ours.max < theirs.min:
        return f"below {best}"
    if ours.min > theirs.max:
        return f"above {best}"
    return f"level with {best}"


def to_the_floor(key, by_server):
    if key != "cpu_us" or not {FLOOR, OURS} <= by_server.keys():
        return ""
    return f"{by_server[OURS].median / by_server[FLOOR].median:.2f}"


def text(load, rounds):
    """All that was measured under LOAD: a line for each server, then a verdict on each judged figure."""
    judged = LOADS[load].judged
    keys = list(judged) + [key for key in next(iter(rounds.values()))[0] if key not in judged]
    columns = {key: figures(rounds, key) for key in keys}
    lines = [["", *keys]]
    for name in rounds:
        row = {key: columns[key][name] for key in keys}
        lines.append([name, *(row[key].with_range() if key in judged else str(row[key]) for key in keys)])
    widths = [max(map(len, column)) for column in zip(*lines)]
    aligned = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths)) for line in lines]
    return "\n".join([load, *aligned, *filter(None, (judgement(key, columns[key]) for key in judged))])


def judgement(key, by_server):
    ratio, stand = to_the_floor(key, by_server), verdict(by_server)
    told = [f"{ratio} times the floor"] if ratio else []
    told += [stand] if stand else []
    return f"{key}: {OURS} is {', '.join(told)}" if told else ""


def markdown(results, options):
    """The tables of docs/speed.md: CPU time, then all that has another unit."""
    cpu, others = [], []
    for load, rounds in results.items():
        for key, title in LOADS[load].judged.items():
            rows = cpu if key == "cpu_us" else others
            rows.append((title, key, figures(rounds, key)))
    parts = [table("CPU µs a request", cpu)] if cpu else []
    parts += [table("what else", others)] if others else []
    told = f"Medians of {options.rounds} rounds" if options.rounds > 1 else "One round"
    return "\n\n".join([*parts, f"{told}, {options.seconds} s a load; {machine(measured(results))}"])


def table(title, rows):
    """A row for each figure, a column for each server; columns without a figure are left out."""
    names = dict.fromkeys(name for _, _, by_server in rows for name in by_server)
    peers = [name for name in names if name not in (FLOOR, OURS)]
    lines = [[title, "floor", OURS, "÷ floor", *peers, f"{OURS} is"]]
    for title, key, by_server in rows:
        cells = [str(by_server.get(name, "")) for name in (FLOOR, OURS, *peers)]
        lines.append([title, *cells[:2], to_the_floor(key, by_server), *cells[2:], verdict(by_server)])
    columns = [column for column in zip(*lines) if any(column[1:])]
    head, *body = zip(*columns)
    ruler = ["---", *["---:"] * (len(head) - 1)]
    drawn = ["| " + " | ".join(line) + " |" for line in (head, ruler, *body)]
    spreads = [(figure.spread(), name, row) for row, _, by_server in rows for name, figure in by_server.items()]
    spread, name, row = max(spreads)
    ours = max((spread for spread, name, _ in spreads if name == OURS), default=0)
    told = (f"Between rounds the figures above differ by up to {spread:.0%} of their median ({name}: {row}), "
            f"those of {OURS} by up to {ours:.0%}.")
    return "\n".join([*drawn, "", told])


def measured(results):
    """All servers that gave a figure, in their order."""
    return list(dict.fromkeys(name for rounds in results.values() for name in rounds))


def machine(names):
    """Where this was measured, and with what."""
    told = re.search(r"^model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    cpu = told[1] if told else platform.machine()
    programs = dict.fromkeys([name.split("+")[0] for name in names if name != FLOOR] + ["wrk", "curl"])
    versions = ", ".join(f"{name} {version(name)}" for name in programs)
    return f"{cpu}, {os.cpu_count()} CPUs, {os.uname().sysname} {os.uname().release}; {versions}."
