"""Telethon's SQLiteSession on FILE with N entities; prints one JSON object (see bench/session-peers.ts)."""
import json
import resource
import sys
import time

from telethon.sessions import SQLiteSession
from telethon.tl import types

file, count, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def timed(work):
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1e6


def each(key, times):
    keys = [key((k * 7919) % count) for k in range(times)]
    return timed(lambda: [session.get_input_entity(k) for k in keys]) / times


def upsert():
    session.process_entities(users)
    session.save()


begin = time.perf_counter()
session = SQLiteSession(file)
result = {"open": (time.perf_counter() - begin) * 1e6}
result["id first"] = each(lambda k: k + 1, runs)
result["id"] = each(lambda k: k + 1, runs)
# Each of these reads the whole table.
scans = max(3, min(runs, 2_000_000 // count))
for name, key in (
    ("username", lambda k: f"@user{k}x"),
    ("phone", lambda k: f"+{10_000_000_000 + k}"),
    ("name", lambda k: f"First Last {k}"),
):
    result[f"{name} first"] = each(key, 1)
    result[name] = each(key, scans)
for row, first in (("1000 upserts first", 1), ("1000 upserts, saved", 1001)):
    users = [
        types.User(id=count + first + k, access_hash=k, username=f"new{first}x{k}x", first_name="New")
        for k in range(1000)
    ]
    result[row] = timed(upsert)
result["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(result))
