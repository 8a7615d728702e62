# SPDX-License-Identifier: Apache-2.0
"""What examples/sink promises. Takes the path of sink.py."""

import importlib.util
import json
import multiprocessing
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import unittest

PATH = sys.argv.pop(1)
spec = importlib.util.spec_from_file_location("sink", PATH)
sink = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sink)


def deliver(path, token, count, seed):
    """An owner that sends every message again and again, whatever was answered before."""
    db = sink.open_sink(path)
    db.execute("pragma busy_timeout = 60000")
    rng = random.Random(seed)
    for sequence in range(1, count + 1):
        for _ in range(rng.randint(1, 3)):
            if sink.store(db, "7", "c", token, sequence, str(sequence)) == "stale token":
                return


class Sink(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "sink.db")
        self.db = sink.open_sink(self.path)

    def tearDown(self):
        self.db.close()
        self.folder.cleanup()

    def store(self, token, sequence, partition="7", created="c"):
        return sink.store(self.db, partition, created, token, sequence, f"m{sequence}")

    def work(self):
        return [x for (x,) in self.db.execute("select data from work")]

    def test_a_message_takes_effect_once(self):
        self.assertEqual(self.store(5, 1), "stored")
        self.assertEqual(self.store(5, 1), "have it")
        self.assertEqual(self.store(5, 4), "stored")
        self.assertEqual(self.store(5, 3), "have it")
        self.assertEqual(self.work(), ["m1", "m4"])

    def test_an_earlier_owner_is_refused(self):
        self.assertEqual(self.store(5, 1), "stored")
        self.assertEqual(self.store(6, 2), "stored")
        self.assertEqual(self.store(5, 3), "stale token")
        self.assertEqual(self.store(6, 3), "stored")
        self.assertEqual(self.work(), ["m1", "m2", "m3"])

    def test_a_known_message_fences_earlier_owners(self):
        self.assertEqual(self.store(5, 1), "stored")
        self.assertEqual(self.store(6, 1), "have it")
        self.assertEqual(self.store(5, 2), "stale token")
        self.assertEqual(self.store(6, 2), "stored")

    def test_partitions_and_streams_are_apart(self):
        self.assertEqual(self.store(9, 5), "stored")
        self.assertEqual(self.store(1, 1, partition="8"), "stored")
        self.assertEqual(self.store(1, 1, created="made again"), "stored")

    def test_a_failed_effect_leaves_no_trace(self):
        self.store(5, 1)
        self.db.execute("drop table work")
        with self.assertRaises(sqlite3.OperationalError):
            self.store(6, 2)
        self.assertEqual(list(self.db.execute("select token, sequence from positions")), [(5, 1)])
        self.assertFalse(self.db.in_transaction)

    def test_it_remembers_over_a_restart(self):
        lines = [dict(partition="7", created="c", token=5, sequence=i, data="x") for i in (1, 1, 2)]
        text = "".join(json.dumps(x) + "\n" for x in lines)
        for expected in (["stored", "have it", "stored"], ["have it"] * 3):
            found = subprocess.run([sys.executable, PATH, self.path], input=text, text=True,
                                   capture_output=True, check=True).stdout
            self.assertEqual(found.split("\n")[:-1], expected)

    def test_owners_that_overlap_leave_every_message_once_and_in_order(self):
        owners = [multiprocessing.Process(target=deliver, args=(self.path, token, 60, token))
                  for token in (1, 2, 3)]
        for x in owners:
            x.start()
        for x in owners:
            x.join()
            self.assertEqual(x.exitcode, 0)
        self.assertEqual(self.work(), [str(i) for i in range(1, 61)])


unittest.main()
