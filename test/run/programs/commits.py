"""A writer as fast as Python's sqlite3: each commit adds two peers at once, in the journal mode that MODE names.

With WAL it stands for programs that changed the mode of their file; Telethon itself leaves it at a rollback journal.
"""

import os
import signal
import sqlite3
import sys

ended = False


def end(*_):
    global ended
    ended = True


signal.signal(signal.SIGTERM, end)
database = sqlite3.connect(os.environ["TGSESSION_FILE"], isolation_level=None, timeout=30)
mode = database.execute("PRAGMA journal_mode = %s" % os.environ["MODE"]).fetchone()[0]
assert mode == os.environ["MODE"], mode
# Sure of itself like every program: what the disk does is not the matter here.
database.execute("PRAGMA synchronous = OFF")
n = 0
while not ended:
    n += 1
    database.execute("BEGIN IMMEDIATE")
    for half in (0, 1):
        database.execute(
            "INSERT OR REPLACE INTO entities (id, hash, name) VALUES (?, ?, ?)",
            (600000 + (n % 3000) * 2 + half, n, "commit %d" % n),
        )
    database.execute("COMMIT")
print(n)
sys.stdout.flush()
