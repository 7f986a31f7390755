"""What a client of Pyrogram's kin does with its session file: the SQL, commits, locks and upgrades of
pyrogram/storage of Pyrogram 2.0.106, pyrofork 2.3, Kurigram 2.1 and 2.2, without their network.

    TGSESSION_FILE=… python3 pyrogram_kin.py FAMILY [--peers N] [--save SECONDS] [--tell FILE] [--lose] [--end]
"""
import argparse
import json
import os
import signal
import sqlite3
import threading

PROD = {1: '149.154.175.53', 2: '149.154.167.51', 3: '149.154.175.100', 4: '149.154.167.91', 5: '91.108.56.130'}
NEEDED = ('test_mode', 'auth_key', 'user_id', 'is_bot')
STATES = 'CREATE TABLE update_state (id INTEGER PRIMARY KEY, pts INTEGER, qts INTEGER, date INTEGER, seq INTEGER);'
NAMES = '''CREATE TABLE usernames (id INTEGER, username TEXT, FOREIGN KEY (id) REFERENCES peers(id));
CREATE INDEX idx_usernames_username ON usernames (username);'''

parser = argparse.ArgumentParser()
parser.add_argument('family', choices=['pyrogram', 'pyrofork', 'kurigram', 'kurigram6'])
parser.add_argument('--peers', type=int, default=0)
parser.add_argument('--save', type=float, help='call storage.save() this often')
parser.add_argument('--tell', help='where it says what it has found')
parser.add_argument('--lose', action='store_true', help='become logged out, as terminate() after a lost login does')
parser.add_argument('--end', action='store_true', help='stop at once, not at a SIGTERM')
args = parser.parse_args()
family = args.family

stopping = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopping.set())

# Client(os.environ["TGSESSION_FILE"].removesuffix(".session")): FileStorage adds the ending.
database = os.environ['TGSESSION_FILE'].removesuffix('.session') + '.session'
conn = sqlite3.connect(database, timeout=1, check_same_thread=False)


def upgrade():
    version = conn.execute('SELECT number FROM version').fetchone()[0]
    if family == 'pyrogram':
        return
    if family == 'pyrofork':
        if version == 3:
            with conn:
                conn.executescript(STATES)
            version = 4
    else:
        if version == 3:
            with conn:
                conn.executescript(NAMES)
            version = 4
        if version == 4:
            with conn:
                conn.executescript(STATES)
            version = 5
        if version == 5:
            with conn:
                conn.executescript('CREATE INDEX idx_usernames_id ON usernames (id);')
            version = 6
        if version == 6 and family == 'kurigram':
            with conn:
                conn.executescript('ALTER TABLE sessions ADD server_address TEXT; ALTER TABLE sessions ADD port INTEGER;')
                dc_id = conn.execute('SELECT dc_id FROM sessions').fetchone()[0]
                conn.execute('UPDATE sessions SET server_address = ?, port = ?', (PROD[dc_id], 443))
            version = 7
    with conn:
        conn.execute('UPDATE version SET number = ?', (version,))


if family == 'kurigram':
    conn.execute('PRAGMA journal_mode=DELETE')
upgrade()
with conn:
    conn.execute('VACUUM')

row = dict(zip(NEEDED, conn.execute(f'SELECT {", ".join(NEEDED)} FROM sessions').fetchone()))
if any(value is None for value in row.values()):
    # Client.load_session(): an "empty" storage gets a new key at once, committed before anybody is asked for anything.
    with conn:
        conn.execute('UPDATE sessions SET dc_id = 2, date = 0, test_mode = 0, auth_key = ?, user_id = NULL, is_bot = NULL',
                     (os.urandom(256),))

if family == 'pyrofork':
    # Made when the first peers are kept.
    conn.executescript('''CREATE TABLE IF NOT EXISTS usernames (id TEXT PRIMARY KEY, peer_id INTEGER NOT NULL,
        last_update_on INTEGER NOT NULL DEFAULT (CAST(STRFTIME('%s', 'now') AS INTEGER)));''')

first = conn.execute('SELECT coalesce(max(id), 0) FROM peers WHERE id > 0').fetchone()[0] + 1
peers = [(first + n, 7000 + n, 'user', f'person{first + n}', None) for n in range(args.peers)]
if peers and family in ('pyrogram', 'pyrofork'):
    conn.executemany('REPLACE INTO peers (id, access_hash, type, username, phone_number) VALUES (?, ?, ?, ?, ?)', peers)
if peers and family in ('kurigram', 'kurigram6'):
    conn.executemany('REPLACE INTO peers (id, access_hash, type, phone_number) VALUES (?, ?, ?, ?)',
                     [(*peer[:3], peer[4]) for peer in peers])
    conn.executemany('DELETE FROM usernames WHERE id = ?', [peer[:1] for peer in peers])
    conn.executemany('REPLACE INTO usernames (id, username) VALUES (?, ?)', [(peer[0], peer[3]) for peer in peers])
if peers and family == 'pyrofork':
    with conn:
        conn.execute('REPLACE INTO update_state VALUES (0, 31, 0, 1700000000, 1)')

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
    """Storage.save(): the date, and with it the commit of all that is pending."""
    with conn:
        if peers:
            conn.execute('UPDATE sessions SET date = ?', (len(peers),))


while not args.end and not stopping.wait(args.save):
    save()
save()
conn.close()
