"""Telethon's SQLiteSession on FILE with N entities, RUNS times, by the clock (wall or cpu); prints one JSON object (see bench/session-peers.ts)."""
import json
import resource
import sys
import time

from telethon.sessions import SQLiteSession
from telethon.tl import types

file, count, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
now = time.process_time if sys.argv[4] == "cpu" else time.perf_counter


def timed(work):
    begin = now()
    work()
    return (now() - begin) * 1e6


def each(key, times):
    keys = [key((k * 7919) % count) for k in range(times)]
    return timed(lambda: [session.get_input_entity(k) for k in keys]) / times


def upsert():
    session.process_entities(users)
    session.save()


begin = now()
session = SQLiteSession(file)
result = {"open": (now() - begin) * 1e6}
result["id first"] = each(lambda k: k + 1, runs)
result["id"] = min(each(lambda k: k + 1, runs) for _ in range(6))
# Each of these reads the whole table.
scans = max(3, min(runs, 2_000_000 // count))
for name, key in (
    ("username", lambda k: f"@user{k}x"),
    ("phone", lambda k: f"+{10_000_000_000 + k}"),
    ("name", lambda k: f"First Last {k}"),
):
    result[f"{name} first"] = each(key, 1)
    result[name] = min(each(key, scans) for _ in range(6))
for first in range(1, 7002, 1000):
    users = [
        types.User(id=count + first + k, access_hash=k, username=f"new{first}x{k}x", first_name="New")
        for k in range(1000)
    ]
    took = timed(upsert)
    if first == 1:
        result["1000 upserts first"] = took
    else:
        result["1000 upserts, saved"] = min(took, result.get("1000 upserts, saved", took))
result["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(result))
