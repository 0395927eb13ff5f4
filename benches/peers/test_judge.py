#!/usr/bin/env python3
"""The rule of judge.py, as tables: python3 benches/peers/test_judge.py"""

import os
import subprocess
import sys
import unittest

import judge
from judge import Beside, Figure, Rounds, compare

QUIET, BUSY, ROBBED = Beside(0.01, 0), Beside(0.2, 0), Beside(0, 0.05)


class Verdicts(unittest.TestCase):
    def test_medians_decide_where_both_are_steady(self):
        for ours, theirs, verdict in [
            ([10, 10, 10], [12, 12, 12], "below"),
            ([12, 12, 12], [10, 10, 10], "above"),
            ([10, 10, 10], [10.5, 10.5, 10.5], "level"),
            ([10.5, 10.5, 10.5], [10, 10, 10], "level"),
            ([10, 10, 10], [10.6, 10.6, 10.6], "no verdict: the medians differ by 6.0 %"),
            ([10.6, 10.6, 10.6], [10, 10, 10], "no verdict: the medians differ by 6.0 %"),
            ([10, 10, 10], [11.1, 11.1, 11.1], "below"),
            ([10, 10.5, 11], [11.2, 11.6, 11.8], "below"),
            ([11.2, 11.6, 11.8], [10, 10.5, 11], "above"),
            ([10, 10, 11.4], [11.3, 11.5, 12], "no verdict: the rounds overlap"),
            ([11.3, 11.5, 12], [10, 10, 11.4], "no verdict: the rounds overlap"),
            ([0, 0], [0, 0], "level"),
            ([0, 0], [3, 3], "below"),
        ]:
            self.assertEqual(compare(Figure(ours), Figure(theirs)), verdict, (ours, theirs))

    def test_a_wide_spread_of_either_has_no_verdict(self):
        steady, wide, edge = Figure([9, 9, 9]), Figure([10, 13, 16.5]), Figure([10, 10, 11.5])
        self.assertEqual(compare(steady, wide), "no verdict: spread 50 %")
        self.assertEqual(compare(wide, steady), "no verdict: spread 50 %")
        self.assertEqual(compare(edge, wide), "no verdict: spread 50 %")
        self.assertEqual(compare(edge, steady), "no verdict: spread 15 %")
        self.assertEqual(compare(Figure([0, 0, 5]), steady), "no verdict: spread inf %")

    def test_a_wide_spread_counts_where_the_other_is_farther_away(self):
        self.assertEqual(compare(Figure([10, 10, 11.5]), Figure([8.6, 8.6])), "above")
        self.assertEqual(compare(Figure([8.6, 8.6]), Figure([10, 10, 11.5])), "below")
        self.assertEqual(compare(Figure([30, 40, 50]), Figure([10, 10])), "above")
        self.assertEqual(compare(Figure([14, 20, 24]), Figure([10, 10])), "no verdict: spread 50 %")

    def test_neither_has_one_round_nor_a_busy_machine(self):
        steady = Figure([10, 10])
        self.assertEqual(compare(Figure([10]), steady), "no verdict: one round")
        self.assertEqual(compare(steady, Figure([20, 20], is_busy=True)), "no verdict: the machine was busy")


class Choice(unittest.TestCase):
    def test_rounds_beside_other_work_are_made_again_within_bounds(self):
        for besides, made, is_busy in [
            ([QUIET] * 9, 2, False),
            ([BUSY, QUIET, ROBBED, QUIET, QUIET], 4, False),
            ([BUSY, BUSY, BUSY, BUSY, BUSY, QUIET, QUIET], 6, True),
            ([BUSY] * 9, 6, True),
        ]:
            rounds, coming = {"it": Rounds(2)}, iter(besides)
            judge.make_rounds(rounds, lambda name: rounds[name].add({"x": 1}, next(coming)), lambda: False)
            self.assertEqual((len(rounds["it"].made), rounds["it"].is_busy()), (made, is_busy), besides)

    def test_the_quietest_count_whatever_they_show(self):
        rounds = Rounds(2)
        for value, other in [(1, 0.02), (9, 0.01), (5, 0.03), (8, 0)]:
            rounds.add({"x": value}, Beside(other, 0))
        self.assertEqual([result["x"] for result, _ in rounds.counted()], [8, 9])

    def test_rounds_go_through_the_servers_in_turn_and_are_doubled_once(self):
        rounds, order = {"a": Rounds(2), "b": Rounds(2)}, []

        def make(name):
            order.append(name)
            rounds[name].add({"x": 1}, QUIET)

        judge.make_rounds(rounds, make, lambda: True)
        self.assertEqual("".join(order), "abababab")
        self.assertIn("4 more", judge.told_of(rounds))

    def test_rounds_that_fail_are_bounded_too(self):
        rounds = {"it": Rounds(2)}

        def fail(name):
            rounds[name].failures += 1

        judge.make_rounds(rounds, fail, lambda: False)
        self.assertEqual(rounds["it"].failures, 6)


class Watch(unittest.TestCase):
    SPIN = "import time\nwhile time.process_time() < 0.5: pass"

    def test_work_of_processes_that_were_not_started_here_is_seen(self):
        # The grandchild is left to init, so that it is another process's work.
        with judge.watching() as alone:
            subprocess.run([sys.executable, "-c", self.SPIN], check=True)
        with judge.watching() as beside:
            left = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {self.SPIN!r}], stdout=1)"
            # It holds the pipe until it ends.
            subprocess.run([sys.executable, "-c", left], check=True, stdout=subprocess.PIPE)
        self.assertGreater(beside[0].other * os.cpu_count(), 0.3)
        self.assertGreaterEqual(alone[0].other, 0)


if __name__ == "__main__":
    unittest.main()
