import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'

/**
 * What people paste into a search: as Telegram, the libraries, SQLite and hosts print it. A page of docs must have each
 * of them, in these words, for whoever searches the text. Case counts; `*` and back-ticks, which Markdown adds, do not.
 */
const SYMPTOMS: Record<string, string[]> = {
  'not banned, not frozen': [
    'all devices were logged out',
    'code was sent to another device',
    'This phone number is banned',
    'PHONE_NUMBER_BANNED',
    'USER_DEACTIVATED_BAN',
    'banned right after the first login',
    'VoIP',
    'Your account is frozen!',
    'FROZEN_METHOD_INVALID',
    'FROZEN_PARTICIPANT_MISSING',
    'freeze_until_date',
    'PEER_FLOOD',
    'USER_RESTRICTED',
    'AUTH_KEY_DROP_DUPLICATE',
    'RECAPTCHA_CHECK_signup',
    'API_ID_INVALID',
    'API_ID_PUBLISHED_FLOOD',
    'internal server errors on login',
    'FLOOD_WAIT_86400',
    'AUTH_KEY_DUPLICATED',
    'recover@telegram.org',
    '@SpamBot',
    'system_version',
  ],
  'the key and the account': [
    '406 AUTH_KEY_DUPLICATED',
    'used under two different IP addresses simultaneously, and can no longer be used',
    'used in more than one place simultaneously',
    'caused by InvokeWithLayer',
    '401 AUTH_KEY_UNREGISTERED',
    '401 AUTH_KEY_INVALID',
    '401 AUTH_KEY_PERM_EMPTY',
    '401 SESSION_REVOKED',
    '401 SESSION_EXPIRED',
    '401 USER_DEACTIVATED',
    '401 USER_DEACTIVATED_BAN',
    '420 FROZEN_METHOD_INVALID',
    '400 FROZEN_PARTICIPANT_MISSING',
    '500 AUTH_KEY_UNSYNCHRONIZED',
    '500 AUTH_RESTART',
    '400 AUTH_BYTES_INVALID',
    'auth.ExportAuthorization',
    'Invalid response buffer (HTTP code 404)',
    'AuthKeyNotFound',
    'Server sent transport error: 404 (auth key not found)',
    'Broken authorization key for dc',
    'Invalid buffer 429 for dc',
    'HTTP code 429',
    'transport -444',
    '400 CONNECTION_NOT_INITED',
    'CONNECTION_API_ID_INVALID',
    '400 BOT_METHOD_INVALID',
    'USER_BOT_REQUIRED',
    'CastError',
    'Could not find the input entity for',
  ],
  login: [
    '420 FLOOD_WAIT',
    'A wait of N seconds is required',
    'FloodWaitError',
    'caused by ImportBotAuthorization',
    'PHONE_NUMBER_FLOOD',
    'PHONE_PASSWORD_FLOOD',
    'PHONE_CODE_EXPIRED',
    'PHONE_CODE_INVALID',
    'PHONE_CODE_EMPTY',
    'PHONE_CODE_HASH_EMPTY',
    'PHONE_NUMBER_INVALID',
    'PHONE_NUMBER_UNOCCUPIED',
    'PHONE_NUMBER_APP_SIGNUP_FORBIDDEN',
    'SESSION_PASSWORD_NEEDED',
    'PASSWORD_HASH_INVALID',
    'SRP_ID_INVALID',
    'SRP_PASSWORD_CHANGED',
    'SEND_CODE_UNAVAILABLE',
    'UPDATE_APP_TO_LOGIN',
    'ACCESS_TOKEN_EXPIRED',
    'ACCESS_TOKEN_INVALID',
    'auth.sentCodePaymentRequired',
    'code never arrives',
    'EOFError: EOF when reading a line',
    'Please enter your phone (or bot token):',
    'WebSocket connection failed attempt',
    'Not connected',
    'Cannot send requests while disconnected',
    'Maximum reconnection retries reached. Aborting!',
    'TIMEOUT',
    'Unhandled error while receiving data',
    'Your API ID or Hash cannot be empty or undefined',
    'Not a valid string',
  ],
  'files and databases': [
    'sqlite3.OperationalError: database is locked',
    'no such table: sessions',
    'no such column: version',
    'duplicate column name: takeout_id',
    'file is not a database',
    'unable to open database file',
    'too many values to unpack (expected 4)',
    'too many values to unpack (expected 5)',
    'table entities has 6 columns but 5 values were supplied',
    'You cannot use a new session file in an old Telethon version',
  ],
  hosts: [
    'R10 (Boot timeout)',
    'Web process failed to bind to $PORT within 60 seconds',
    'R12 (Exit timeout)',
    'At least one process failed to exit within 30 seconds of SIGTERM',
    'R14 (Memory quota exceeded)',
    'R15',
    'H10',
    'H12',
    'H14',
    'No web processes running',
    'State changed from up to crashed',
    'No open ports detected, continuing to scan',
    'Port scan timeout reached',
    'health check failed',
    'drainingSeconds',
    'exit code 137',
    'exit code 143',
    'stop_grace_period: 30s',
  ],
}

const docs = path.join(import.meta.dirname, '..', '..', 'docs')
// The reference of our own errors answers what we say, not what others print.
const pages = globSync('**/*.md', { cwd: docs })
  .filter((name) => !name.startsWith('reference'))
  .map((name) => readFileSync(path.join(docs, name), 'utf8').replaceAll(/[*`]/g, '').replaceAll(/\s+/g, ' '))

describe('symptoms are found by a search in docs', () => {
  for (const [room, symptoms] of Object.entries(SYMPTOMS))
    it(room, () => {
      const missing = symptoms.filter((symptom) => !pages.some((page) => page.includes(symptom)))
      assert.deepEqual(missing, [])
    })
})
