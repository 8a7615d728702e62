#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A sink that takes every message of a partition exactly once and in order: SQLite keeps the
owner's token and the last sequence in the transaction that does the work. `sink.py FILE` reads
one JSON object a line: partition, created (of the stream), token, sequence, data."""
import json, sqlite3, sys

def open_sink(path):
    db = sqlite3.connect(path, isolation_level=None)  # Transactions are begun below.
    db.execute("pragma synchronous = full")  # What was answered survives a loss of power.
    db.execute("create table if not exists positions (created text, partition text,"
               " token integer, sequence integer, primary key (created, partition))")
    db.execute("create table if not exists work (partition text, data text)")
    return db

def store(db, partition, created, token, sequence, data):
    """`stored`, `have it`: acknowledge the message. `stale token`: never acknowledge it, and stop.
    A stream that was made again has another `created`: its sequences begin again."""
    # Immediate: of two owners the second one reads only what the first one has committed.
    db.execute("begin immediate")
    try:
        newest, last = db.execute("select token, sequence from positions where created = ? and"
                                  " partition = ?", (created, partition)).fetchone() or (token, 0)
        if token < newest:
            return "stale token"
        if sequence > last:
            db.execute("insert into work values (?, ?)", (partition, data))  # The work.
        # A message that is known fences earlier owners all the same.
        db.execute("insert or replace into positions values (?, ?, ?, ?)",
                   (created, partition, token, max(sequence, last)))
        db.execute("commit")
        return "stored" if sequence > last else "have it"
    finally:
        if db.in_transaction:
            db.execute("rollback")

if __name__ == "__main__":
    sink = open_sink(sys.argv[1])
    for line in sys.stdin:
        print(store(sink, **json.loads(line)), flush=True)
