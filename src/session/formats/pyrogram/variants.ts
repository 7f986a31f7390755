import type { Columns } from '../../sqlite/file.ts'

export type PyrogramVariant = 'pyrogram' | 'pyrofork' | 'kurigram6' | 'kurigram'

/**
 * Which of them a file is, by its columns: three of the forks have a version 4 of their own, and nobody refuses a newer
 * number. Undefined for a file that is none of them. Sources: pyrogram/storage of Pyrogram 2.0.106, pyrofork 2.3,
 * Kurigram 2.1 and 2.2, wzgram 3.
 */
export function variantOf(columns: Columns): PyrogramVariant | undefined {
  const has = (table: string, column: string): boolean => columns.get(table)?.has(column) ?? false
  if (!has('version', 'number') || !has('sessions', 'auth_key') || !has('peers', 'access_hash'))
    return undefined
  if (has('sessions', 'server_address')) return 'kurigram'
  if (has('usernames', 'peer_id')) return 'pyrofork'
  // A file that Kurigram upgraded keeps the column `username` of its peers, unused.
  if (columns.has('usernames') || !has('peers', 'username')) return 'kurigram6'
  return columns.has('update_state') ? 'pyrofork' : 'pyrogram'
}

const NOW = `DEFAULT (CAST(STRFTIME('%s', 'now') AS INTEGER))`

const sessions = (address: string): string => `CREATE TABLE sessions
(
    dc_id     INTEGER PRIMARY KEY,${address}
    api_id    INTEGER,
    test_mode INTEGER,
    auth_key  BLOB,
    date      INTEGER NOT NULL,
    user_id   INTEGER,
    is_bot    INTEGER
);`

const ADDRESS = `
    server_address TEXT,
    port           INTEGER,`

const peers = (username: string): string => `CREATE TABLE peers
(
    id             INTEGER PRIMARY KEY,
    access_hash    INTEGER,
    type           INTEGER NOT NULL,${username}
    phone_number   TEXT,
    last_update_on INTEGER NOT NULL ${NOW}
);
CREATE INDEX idx_peers_id ON peers (id);
CREATE INDEX idx_peers_phone_number ON peers (phone_number);
CREATE TRIGGER trg_peers_last_update_on
    AFTER UPDATE
    ON peers
BEGIN
    UPDATE peers
    SET last_update_on = CAST(STRFTIME('%s', 'now') AS INTEGER)
    WHERE id = NEW.id;
END;`

const BESIDE = `
    username       TEXT,`
const BY_USERNAME = 'CREATE INDEX idx_peers_username ON peers (username);'

const STATES = `CREATE TABLE update_state
(
    id   INTEGER PRIMARY KEY,
    pts  INTEGER,
    qts  INTEGER,
    date INTEGER,
    seq  INTEGER
);`

const KURIGRAMS_NAMES = `CREATE TABLE usernames
(
    id       INTEGER,
    username TEXT,
    FOREIGN KEY (id) REFERENCES peers(id)
);
CREATE INDEX idx_usernames_id ON usernames (id);
CREATE INDEX idx_usernames_username ON usernames (username);`

const PYROFORKS_NAMES = `CREATE TABLE usernames
(
    id             TEXT PRIMARY KEY,
    peer_id        INTEGER NOT NULL,
    last_update_on INTEGER NOT NULL ${NOW}
);`

/** A new file's tables as its client makes them, and the number that it writes there. */
export const SCHEMAS: Readonly<Record<PyrogramVariant, { version: number; sql: string }>> = {
  pyrogram: { version: 3, sql: [sessions(''), peers(BESIDE), BY_USERNAME].join('\n') },
  pyrofork: {
    version: 4,
    sql: [sessions(''), peers(BESIDE), BY_USERNAME, PYROFORKS_NAMES, STATES].join('\n'),
  },
  kurigram6: { version: 6, sql: [sessions(''), peers(''), KURIGRAMS_NAMES, STATES].join('\n') },
  kurigram: { version: 7, sql: [sessions(ADDRESS), peers(''), KURIGRAMS_NAMES, STATES].join('\n') },
}
