#!/usr/bin/env python3
"""Which answers are stale, as a table: python3 benches/peers/test_storm.py"""

import unittest

import storm

# Version 0 was deleted at 10 and version 1 was whole at 13; version 2 follows at 20 to 23.
CHANGES = [(10, 11, 12, 13), (20, 21, 22, 23)]


class Storm(unittest.TestCase):
    def test_an_answer_holds_what_was_there_between_request_and_answer(self):
        for version, sent, came, verdict in [
            (0, 1, 2, "current"),
            (0, 10, 30, "current"),
            (0, 11, 30, "current"),
            (0, 11.1, 30, "stale"),
            (1, 1, 11, "wrong"),
            (1, 1, 12, "current"),
            (1, 21, 22, "current"),
            (1, 21.1, 22, "stale"),
            (2, 30, 31, "current"),
            (2, 1, 21, "wrong"),
            (3, 30, 31, "wrong"),
            (storm.ABSENT, 1, 9.9, "wrong"),
            (storm.ABSENT, 1, 10, "current"),
            (storm.ABSENT, 13, 14, "current"),
            (storm.ABSENT, 13.1, 19.9, "stale"),
            (storm.ABSENT, 13.1, 20, "current"),
            (storm.BROKEN, 10, 30, "broken"),
            (storm.ABSENT, 23.1, 40, "stale"),
        ]:
            self.assertEqual(storm.judge(CHANGES, version, sent, came), verdict, (version, sent, came))

    def test_an_answer_tells_its_version(self):
        self.assertEqual(storm.version_in(200, storm.content(7)), 7)
        self.assertEqual(storm.version_in(200, b""), storm.ABSENT)
        self.assertEqual(storm.version_in(404, b"not here"), storm.ABSENT)
        with self.assertRaises(RuntimeError):
            storm.version_in(500, b"")


if __name__ == "__main__":
    unittest.main()
