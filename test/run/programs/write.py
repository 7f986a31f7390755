"""A Telethon program without a network: its own session class takes in peers and saves, many times a second."""

import os
import signal
import sys
import time

from telethon.sessions import SQLiteSession
from telethon.tl import types

ended = False


def end(*_):
    global ended
    ended = True


signal.signal(signal.SIGTERM, end)
session = SQLiteSession(os.environ["TGSESSION_FILE"])
n = 0
while not ended:
    n += 1
    users = [
        types.User(id=600000 + n * 50 + i, access_hash=i + 1, first_name="peer %d" % n) for i in range(50)
    ]
    session.process_entities(types.contacts.ResolvedPeer(types.PeerUser(users[0].id), [], users))
    session.save()
    time.sleep(0.01)
session.process_entities(
    types.contacts.ResolvedPeer(
        types.PeerUser(90002), [], [types.User(id=90002, access_hash=1, first_name="python on TERM")]
    )
)
session.close()
sys.exit(3)
