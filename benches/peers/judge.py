"""Which rounds count, and which differences: the rule that docs/speed.md has in words, under "When a difference counts".

The lab keeps the same rule (benches/variants/quiet.rs and statistics.rs), and tests/lab.rs compares the numbers.
"""

import collections
import contextlib
import os
import pathlib
import resource
import statistics
import time

SPREAD_MAX = 0.15  # of the median; a figure that spreads wider has a verdict only beside one that is farther away
LEVEL = 1.05  # medians whose ratio is not above this are level
APART = 1.1  # medians whose ratio is above this differ; between the two, another run may find either
OTHER_MAX = 0.03  # of the time of all CPUs; a round beside more work of other processes is made again
STEAL_MAX = 0.01  # of the same, taken by the host of a virtual machine
ATTEMPTS = 3  # times the rounds that were asked for: more are not made, however busy the machine is

# What happened beside a round: the shares of the CPUs' time that other processes and the host took.
Beside = collections.namedtuple("Beside", "other steal")

BUSY = "the machine was busy"


def is_quiet(beside):
    return beside.other <= OTHER_MAX and beside.steal <= STEAL_MAX


class Rounds:
    """What one server showed under one load: all rounds that were made, and which of them count."""

    def __init__(self, asked):
        self.asked, self.made, self.failures = asked, [], 0

    def add(self, result, beside):
        self.made.append((result, beside))

    def may_go_on(self):
        return len(self.made) + self.failures < ATTEMPTS * self.asked

    def quiet(self):
        return sum(is_quiet(beside) for _, beside in self.made)

    def counted(self):
        """The rounds with the least beside them. What a round showed plays no part: such a choice would be a lie."""
        return sorted(self.made, key=lambda made: sum(made[1]))[:self.asked]

    def is_busy(self):
        return not all(is_quiet(beside) for _, beside in self.counted())

    def figure(self, key):
        return Figure([result[key] for result, _ in self.counted()], self.is_busy())


class Figure:
    """One figure of one server over all rounds that count."""

    def __init__(self, values, is_busy=False):
        self.rounds, self.is_busy = len(values), is_busy
        self.median, self.min, self.max = statistics.median(values), min(values), max(values)

    def spread(self):
        if self.max == self.min:
            return 0
        return (self.max - self.min) / self.median if self.median else float("inf")


def doubt(*figures):
    """Why these figures cannot be compared, or nothing."""
    if any(figure.is_busy for figure in figures):
        return BUSY
    if any(figure.rounds < 2 for figure in figures):
        return "one round"
    widest = max(figure.spread() for figure in figures)
    return f"spread {widest * 100:.0f} %" if widest >= SPREAD_MAX else ""


def compare(ours, theirs):
    """How OURS stands to THEIRS, less being better."""
    low, high = sorted((ours, theirs), key=lambda figure: figure.median)
    why = doubt(ours, theirs)
    width = max(ours.spread(), theirs.spread())
    # Rounds that differ that much say nothing of a small difference, and may of a large one.
    is_far = why.startswith("spread") and high.min > low.max * (1 + width)
    if why and not is_far:
        return f"no verdict: {why}"
    if high.median <= low.median * LEVEL:
        return "level"
    if high.median <= low.median * APART:
        return f"no verdict: the medians differ by {(high.median / low.median - 1) * 100:.1f} %"
    if low.max >= high.min:
        return "no verdict: the rounds overlap"
    return "below" if low is ours else "above"


def make_rounds(rounds, make, needs_more):
    """Makes the rounds of one load. ROUNDS has an entry for each server, and MAKE(name) makes one round of it.

    Each server gets as many quiet rounds as were asked for. If then NEEDS_MORE() says so, because figures spread too
    widely, it gets as many again, once. Once only: to go on until a spread is small would choose rounds by what they
    show.
    """
    make_quiet(rounds, make, 1)
    if needs_more():
        make_quiet(rounds, make, 2)


def make_quiet(rounds, make, times):
    """Goes through the servers in turn until each has enough quiet rounds, or may have no more."""
    def lacks(name):
        of_it = rounds[name]
        return of_it.quiet() < times * of_it.asked and of_it.may_go_on()

    while due := list(filter(lacks, rounds)):
        for name in due:
            make(name)


def told_of(rounds):
    """How many rounds were made beyond those that were asked for, and why; nothing if there were none."""
    busy = sum(len(of_it.made) - of_it.quiet() for of_it in rounds.values())
    more = sum(max(0, of_it.quiet() - of_it.asked) for of_it in rounds.values())
    parts = [f"{busy} rounds had other work beside them and were made again as often as the rule allows"] if busy else []
    parts += [f"{more} more were made because figures spread widely"] if more else []
    return "; ".join(parts)


@contextlib.contextmanager
def watching():
    """Yields a list that has a Beside when the round is over. All processes of the round must have ended by then."""
    seen = []
    used, stolen, own, begin = *of_all(), of_this_process(), time.monotonic()
    yield seen
    used_then, stolen_then = of_all()
    own = of_this_process() - own
    capacity = (time.monotonic() - begin) * os.cpu_count()
    seen.append(Beside(max(0, used_then - used - own) / capacity, (stolen_then - stolen) / capacity))


def of_all():
    """Seconds of the CPUs in processes, and those taken by the host, from proc_stat(5).

    The time in which the kernel answers interrupts is no process's. On loopback it is spent on the packets of the round.
    The kernel may charge some of it to the server, too, so that other work seems to be less than it is by a hundredth or
    two, and not more.
    """
    words = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()
    user, nice, system, _idle, _waiting, _interrupts, _soft, steal = map(int, words[1:9])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK"), steal / os.sysconf("SC_CLK_TCK")


def of_this_process():
    """Seconds of the CPUs in this process and its descendants that have ended, which are the server and its clients."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
