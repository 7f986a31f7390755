import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { isSecretVariable } from '../../src/config/secrets.ts'

const source = path.join(import.meta.dirname, '../../src')
const PREFIXES =
  'TGSESSION|TELEGRAM|API|AWS|FIREBASE|GOOGLE|BUCKETEER|CLOUDCUBE|HEROKU|JAWSDB|CLEARDB|DATABASE|HTTPS?|PG|MYSQL|STORAGE'
/** In quotes, as the key of an object, or taken out of one. */
const NAMED = new RegExp(`(?:['"\`{] ?|^\\s+(?=\\w+:))((?:${PREFIXES})(?:_[A-Z0-9]+)+)(?=['"\`:,} ])`, 'gm')

/** Every variable that the settings and the stores name. */
function variables(): Set<string> {
  const names = ['config', 'store', 'sql'].flatMap((room) =>
    readdirSync(path.join(source, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && name !== 'secrets.ts')
      .flatMap((name) => [...readFileSync(path.join(source, room, name), 'utf8').matchAll(NAMED)])
      .map((match) => match[1] ?? ''),
  )
  return new Set(names)
}

describe('the table of secrets', () => {
  it('knows of every variable that is read whether it opens something', () => {
    const found = [...variables()]
    assert.ok(found.length > 20, found.join(' '))
    assert.deepEqual(
      found.filter((name) => isSecretVariable(name) === undefined),
      [],
    )
  })

  it('has what SDKs and drivers read by themselves, and the files in which it lies', () => {
    for (const name of [
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
      'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
      'AWS_SHARED_CREDENTIALS_FILE',
      'AWS_CONFIG_FILE',
      'MYCUBE_SECRET_ACCESS_KEY',
      'GOOGLE_APPLICATION_CREDENTIALS',
      'PGPASSWORD',
      'PGPASSFILE',
      'MYSQL_PWD',
      'TGSESSION_KEY_PREVIOUS',
    ])
      assert.equal(isSecretVariable(name), true, name)
    for (const name of ['DATABASE_URL', 'TGSESSION_FILE', 'TELEGRAM_API_HASH'])
      assert.equal(isSecretVariable(name), false, name)
  })
})
