"""What the rounds come to, as text and as the tables of docs/speed.md. Which differences count is in judge.py."""

import os
import pathlib
import platform
import re

import judge
from loads import LOADS
from servers import FLOOR, OURS, version


def number(value):
    decimals = 0 if value >= 100 or value == 0 else 1 if value >= 10 else 2
    return f"{value:,.{decimals}f}"


def with_range(figure):
    return f"{number(figure.median)} ({number(figure.min)}..{number(figure.max)})"


def figures(rounds, key):
    """The figure KEY of each server; ROUNDS has those of each server by its name."""
    return {name: of_it.figure(key) for name, of_it in rounds.items()}


def best_peer(by_server):
    peers = {name: figure for name, figure in by_server.items() if name not in (FLOOR, OURS)}
    return min(peers, key=lambda name: peers[name].median, default=None)


def verdict(by_server):
    """How we stand to the best peer, and the ratio of the medians: `below nginx (0.87)`."""
    best = best_peer(by_server)
    if best is None or OURS not in by_server:
        return ""
    ours, theirs = by_server[OURS], by_server[best]
    stand = judge.compare(ours, theirs)
    name = f"with {best}" if stand == "level" else f"({best})" if stand.startswith("no") else best
    ratio = f" ({ours.median / theirs.median:.2f})" if theirs.median and not stand.startswith("no") else ""
    return f"{stand} {name}{ratio}"


def has_wide_spread(load, rounds):
    """Whether a verdict on this load fails for the spread alone."""
    return any("spread" in verdict(figures(rounds, key)) for key in LOADS[load].judged)


def to_the_floor(key, by_server):
    if key != "cpu_us" or not {FLOOR, OURS} <= by_server.keys():
        return ""
    return f"{by_server[OURS].median / by_server[FLOOR].median:.2f}"


def text(load, rounds):
    """All that was measured under LOAD: a line for each server, then a verdict on each judged figure."""
    judged = LOADS[load].judged
    keys = list(judged) + [key for key in next(iter(rounds.values())).made[0][0] if key not in judged]
    columns = {key: figures(rounds, key) for key in keys}
    lines = [["", *keys]]
    for name in rounds:
        row = {key: columns[key][name] for key in keys}
        lines.append([name, *(with_range(row[key]) if key in judged else number(row[key].median) for key in keys)])
    widths = [max(map(len, column)) for column in zip(*lines)]
    aligned = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths)) for line in lines]
    judgements = [judgement(key, columns[key]) for key in judged]
    return "\n".join([load, *aligned, *filter(None, [*judgements, judge.told_of(rounds)])])


def judgement(key, by_server):
    """One line on a judged figure: `cpu_us: onepoll is 1.14 times the floor, below nginx (0.87)`."""
    ratio, stand = to_the_floor(key, by_server), verdict(by_server)
    if stand.startswith("no"):
        return f"{key}: {stand}"
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
    parts += [noise(results)] if noise(results) else []
    return "\n\n".join([*parts, f"{told}, {options.seconds} s a load; {machine(measured(results))}"])


def table(title, rows):
    """A row for each figure, a column for each server; columns without a figure are left out."""
    names = dict.fromkeys(name for _, _, by_server in rows for name in by_server)
    peers = [name for name in names if name not in (FLOOR, OURS)]
    lines = [[title, "floor", OURS, "÷ floor", *peers, f"{OURS} is"]]
    for title, key, by_server in rows:
        cells = [number(by_server[name].median) if name in by_server else "" for name in (FLOOR, OURS, *peers)]
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


def noise(results):
    """One sentence for each load that had rounds beyond those that were asked for."""
    told = {load: judge.told_of(rounds) for load, rounds in results.items()}
    return "\n".join(f"{load}: {what}." for load, what in told.items() if what)


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
