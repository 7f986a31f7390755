"""What a client of Pyrogram's kin does with its session file: the SQL, commits, locks and upgrades of
pyrogram/storage of Pyrogram 2.0.106, pyrofork 2.3, Kurigram 2.1 and 2.2."""
import os
import sqlite3

FAMILIES = ('pyrogram', 'pyrofork', 'kurigram', 'kurigram6')
PROD = {1: '149.154.175.53', 2: '149.154.167.51', 3: '149.154.175.100', 4: '149.154.167.91', 5: '91.108.56.130'}
NEEDED = ('test_mode', 'auth_key', 'user_id', 'is_bot')
STATES = 'CREATE TABLE update_state (id INTEGER PRIMARY KEY, pts INTEGER, qts INTEGER, date INTEGER, seq INTEGER);'
NAMES = '''CREATE TABLE usernames (id INTEGER, username TEXT, FOREIGN KEY (id) REFERENCES peers(id));
CREATE INDEX idx_usernames_username ON usernames (username);'''


class Storage:
    def __init__(self, family):
        self.family = family
        # Client(os.environ["TGSESSION_FILE"].removesuffix(".session")): FileStorage adds the ending.
        database = os.environ['TGSESSION_FILE'].removesuffix('.session') + '.session'
        self.conn = sqlite3.connect(database, timeout=1, check_same_thread=False)
        if family == 'kurigram':
            self.conn.execute('PRAGMA journal_mode=DELETE')
        self.upgrade()
        with self.conn:
            self.conn.execute('VACUUM')
        self.row = dict(zip(NEEDED, self.conn.execute(f'SELECT {", ".join(NEEDED)} FROM sessions').fetchone()))
        if any(value is None for value in self.row.values()):
            # Client.load_session(): an "empty" storage gets a new key at once, committed before anybody is asked.
            with self.conn:
                self.conn.execute('UPDATE sessions SET dc_id = 2, date = 0, test_mode = 0, auth_key = ?, '
                                  'user_id = NULL, is_bot = NULL', (os.urandom(256),))
        if family == 'pyrofork':
            # Made when the first peers are kept.
            self.conn.executescript('''CREATE TABLE IF NOT EXISTS usernames (id TEXT PRIMARY KEY, peer_id INTEGER NOT NULL,
                last_update_on INTEGER NOT NULL DEFAULT (CAST(STRFTIME('%s', 'now') AS INTEGER)));''')

    def upgrade(self):
        conn = self.conn
        version = conn.execute('SELECT number FROM version').fetchone()[0]
        if self.family == 'pyrogram':
            return
        if self.family == 'pyrofork':
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
            if version == 6 and self.family == 'kurigram':
                with conn:
                    conn.executescript('ALTER TABLE sessions ADD server_address TEXT; '
                                       'ALTER TABLE sessions ADD port INTEGER;')
                    dc_id = conn.execute('SELECT dc_id FROM sessions').fetchone()[0]
                    conn.execute('UPDATE sessions SET server_address = ?, port = ?', (PROD[dc_id], 443))
                version = 7
        with conn:
            conn.execute('UPDATE version SET number = ?', (version,))

    def update_peers(self, peers):
        """(id, access_hash, type, username, phone) each. Not committed, but by pyrofork's usernames."""
        if not peers:
            return
        conn = self.conn
        if self.family in ('pyrogram', 'pyrofork'):
            conn.executemany(
                'REPLACE INTO peers (id, access_hash, type, username, phone_number) VALUES (?, ?, ?, ?, ?)', peers)
        else:
            conn.executemany('REPLACE INTO peers (id, access_hash, type, phone_number) VALUES (?, ?, ?, ?)',
                             [(*peer[:3], peer[4]) for peer in peers])
            conn.executemany('DELETE FROM usernames WHERE id = ?', [peer[:1] for peer in peers])
            conn.executemany('REPLACE INTO usernames (id, username) VALUES (?, ?)',
                             [(peer[0], peer[3]) for peer in peers if peer[3]])

    def update_state(self, pts, qts, date, seq):
        if self.family == 'pyrogram':
            return
        self.conn.execute('REPLACE INTO update_state VALUES (0, ?, ?, ?, ?)', (pts, qts, date, seq))
        if self.family == 'pyrofork':
            self.conn.commit()

    def save(self, date):
        """The date, and with it the commit of all that is pending."""
        with self.conn:
            if date is not None:
                self.conn.execute('UPDATE sessions SET date = ?', (date,))

    def close(self):
        self.conn.close()
