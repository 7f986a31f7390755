"""A client of Pyrogram's kin without its network:

    TGSESSION_FILE=… python3 pyrogram_kin.py FAMILY [--peers N] [--save SECONDS] [--tell FILE] [--lose] [--end]
"""
import argparse
import json
import os
import signal
import threading

from pyrogram_storage import FAMILIES, Storage

parser = argparse.ArgumentParser()
parser.add_argument('family', choices=FAMILIES)
parser.add_argument('--peers', type=int, default=0)
parser.add_argument('--save', type=float, help='call storage.save() this often')
parser.add_argument('--tell', help='where it says what it has found')
parser.add_argument('--lose', action='store_true', help='become logged out, as terminate() after a lost login does')
parser.add_argument('--end', action='store_true', help='stop at once, not at a SIGTERM')
args = parser.parse_args()

stopping = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopping.set())

storage = Storage(args.family)
conn, row = storage.conn, storage.row
first = conn.execute('SELECT coalesce(max(id), 0) FROM peers WHERE id > 0').fetchone()[0] + 1
peers = [(first + n, 7000 + n, 'user', f'person{first + n}', None) for n in range(args.peers)]
storage.update_peers(peers)
if peers and args.family == 'pyrofork':
    storage.update_state(31, 0, 1700000000, 1)

if args.lose:
    with conn:
        conn.execute('UPDATE sessions SET user_id = NULL, auth_key = ?', (os.urandom(256),))

if args.tell:
    known = conn.execute('SELECT count(*) FROM peers').fetchone()[0]
    mode = conn.execute('PRAGMA journal_mode').fetchone()[0]
    with open(args.tell, 'w') as file:
        json.dump({'peers': known, 'mode': mode, 'user': row['user_id'], 'bot': row['is_bot'],
                   'key': row['auth_key'] and row['auth_key'].hex()}, file)


def save():
    storage.save(len(peers) if peers else None)


while not args.end and not stopping.wait(args.save):
    save()
save()
storage.close()
