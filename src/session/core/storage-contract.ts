import assert from 'node:assert/strict'
import type { AuthState, Entity, SentFileKey, SessionStorage } from './storage.ts'

/** What the contract needs of a test runner; `node:test`, Vitest and Jest have it. */
export interface ContractRunner {
  /** A suite. */
  describe(name: string, body: () => void): unknown
  /** One test of it. */
  it(name: string, body: () => Promise<void>): unknown
}

/** What the contract allows for. */
export interface ContractOptions {
  /**
   * Closes the storage, and opens again what it has left, as a new process would. With it, every check reads what was
   * written from the opened one too.
   */
  reopen?: ((storage: SessionStorage) => SessionStorage | Promise<SessionStorage>) | undefined
  /** Default: `node:test`. */
  runner?: ContractRunner | undefined
}

const KEY = Uint8Array.from({ length: 256 }, (_, i) => (i * 7 + 3) % 256)
const AUTH: AuthState = {
  dcId: 2,
  serverAddress: '149.154.167.51',
  port: 443,
  authKey: KEY,
  takeoutId: -(2n ** 63n),
}
/** Neither fits a JavaScript number. */
const HASH = -7926531234567890123n
const BIG = 2n ** 63n - 1n
const PAVEL: Entity = { id: 777n, hash: HASH, username: 'durov', phone: 15551234n, name: 'Pavel Ünï' }
const CHANNEL: Entity = { id: -1000000000005n, hash: BIG, username: null, phone: null, name: null }
const STATE = { pts: 3_000_000_000, qts: 0, date: 1_700_000_000, seq: 5 }
const FILE: SentFileKey = {
  md5: Uint8Array.from({ length: 16 }, (_, i) => 255 - i),
  size: 10 ** 10,
  kind: 'photo',
}

/**
 * Registers the suite that every storage of tgsession passes, for a storage of your own. `make` gives an empty one.
 *
 * @example
 * ```ts
 * import { sessionStorageContract } from 'tgsession/testing'
 * import { OwnStorage } from './own-storage.ts'
 *
 * sessionStorageContract('my storage', () => new OwnStorage(':memory:'))
 * ```
 */
export function sessionStorageContract(
  name: string,
  make: () => SessionStorage | Promise<SessionStorage>,
  options: ContractOptions = {},
): void {
  const { reopen = (storage) => storage, runner = process.getBuiltinModule('node:test') } = options
  const check = (
    what: string,
    write: (rows: SessionStorage) => void,
    read: (rows: SessionStorage) => void,
  ): void => {
    runner.it(what, async () => {
      const rows = await make()
      write(rows)
      read(rows)
      read(await reopen(rows))
    })
  }
  runner.describe(`${name} keeps the contract of a session storage:`, () => {
    for (const [what, write, read] of CHECKS) check(what, write, read)
  })
}

type Check = [what: string, write: (rows: SessionStorage) => void, read: (rows: SessionStorage) => void]

const CHECKS: readonly Check[] = [
  [
    'it starts empty',
    () => undefined,
    (rows) => {
      const { dcId, authKey, takeoutId } = rows.auth()
      assert.deepEqual({ dcId, authKey, takeoutId }, { dcId: 0, authKey: undefined, takeoutId: undefined })
      const found = [rows.otherKey(4), rows.entity(0n), rows.updateState(0n), rows.sentFile(FILE)]
      assert.deepEqual(found, [undefined, undefined, undefined, undefined])
      assert.deepEqual([rows.findEntity('username', 'durov'), rows.updateStates()], [undefined, []])
    },
  ],
  [
    'the home and the key come back exactly',
    (rows) => rows.setAuth(AUTH),
    (rows) => assert.deepEqual(pick(rows.auth()), AUTH),
  ],
  [
    'a key that is forgotten is gone',
    (rows) => {
      rows.setAuth(AUTH)
      rows.setAuth({ ...AUTH, authKey: undefined, takeoutId: undefined })
    },
    (rows) => assert.deepEqual(pick(rows.auth()), { ...AUTH, authKey: undefined, takeoutId: undefined }),
  ],
  [
    'keys of other data centres are kept apart',
    (rows) => {
      rows.setOtherKey(4, KEY)
      rows.setOtherKey(5, KEY.toReversed())
      rows.setOtherKey(5, undefined)
      rows.setOtherKey(1, undefined)
    },
    (rows) => {
      assert.deepEqual(bytes(rows.otherKey(4)), KEY)
      assert.deepEqual(
        [rows.otherKey(5), rows.otherKey(1), rows.auth().authKey],
        [undefined, undefined, undefined],
      )
    },
  ],
  [
    'entities come back exactly, by id, username, phone and name',
    (rows) => {
      for (const entity of [PAVEL, CHANNEL, { ...CHANNEL, id: 0n }]) rows.putEntity(entity, 1)
    },
    (rows) => {
      assert.deepEqual([rows.entity(777n), rows.entity(CHANNEL.id)], [PAVEL, CHANNEL])
      assert.deepEqual(rows.entity(0n), { ...CHANNEL, id: 0n })
      assert.deepEqual(rows.findEntity('username', 'durov'), PAVEL)
      assert.deepEqual(rows.findEntity('phone', 15551234n), PAVEL)
      assert.deepEqual(rows.findEntity('name', 'Pavel Ünï'), PAVEL)
      for (const name of ['pavel ünï', 'Pavel', ''])
        assert.equal(rows.findEntity('name', name), undefined, 'names are exact')
      assert.equal(rows.entity(-777n), undefined)
    },
  ],
  [
    'a row is replaced as a whole',
    (rows) => {
      rows.putEntity(PAVEL, 1)
      rows.putEntity({ ...CHANNEL, id: 777n }, 2)
    },
    (rows) => {
      assert.deepEqual(rows.entity(777n), { ...CHANNEL, id: 777n })
      assert.equal(rows.findEntity('username', 'durov'), undefined)
      assert.equal(rows.findEntity('phone', 15551234n), undefined)
    },
  ],
  [
    'of several matches the one that was written last is found',
    (rows) => {
      for (const [id, date] of [
        [3n, 1],
        [1n, 2],
        [2n, 3],
      ] as const)
        rows.putEntity({ ...PAVEL, id, username: null }, date)
    },
    (rows) => {
      assert.equal(rows.findEntity('phone', 15551234n)?.id, 2n)
      assert.equal(rows.findEntity('name', 'Pavel Ünï')?.id, 2n)
    },
  ],
  [
    'a username is taken from everybody but its new owner',
    (rows) => {
      rows.putEntity(PAVEL, 1)
      rows.putEntity({ ...PAVEL, id: 778n }, 2)
      rows.evictUsername('durov', 778n)
      rows.evictUsername('nobody', 1n)
    },
    (rows) => {
      assert.deepEqual(rows.entity(777n), { ...PAVEL, username: null })
      assert.equal(rows.findEntity('username', 'durov')?.id, 778n)
    },
  ],
  [
    'update states come back exactly, one by one and all together',
    (rows) => {
      rows.setUpdateState(0n, { pts: 1, qts: 2, date: 3, seq: 4 })
      rows.setUpdateState(0n, STATE)
      rows.setUpdateState(1234567890n, { ...STATE, pts: 7 })
    },
    (rows) => {
      assert.deepEqual(rows.updateState(0n), STATE)
      const all = rows.updateStates().toSorted(([a], [b]) => Number(a - b))
      assert.deepEqual(all, [
        [0n, STATE],
        [1234567890n, { ...STATE, pts: 7 }],
      ])
    },
  ],
  [
    'sent files are told apart by content, size and kind',
    (rows) => {
      rows.putSentFile(FILE, { id: 1n, hash: HASH })
      rows.putSentFile({ ...FILE, kind: 'document' }, { id: 2n, hash: BIG })
      rows.putSentFile(FILE, { id: -3n, hash: HASH })
    },
    (rows) => {
      assert.deepEqual(rows.sentFile({ ...FILE, md5: Uint8Array.from(FILE.md5) }), { id: -3n, hash: HASH })
      assert.deepEqual(rows.sentFile({ ...FILE, kind: 'document' }), { id: 2n, hash: BIG })
      assert.equal(rows.sentFile({ ...FILE, size: 1 }), undefined)
      assert.equal(rows.sentFile({ ...FILE, md5: new Uint8Array(16) }), undefined)
    },
  ],
  [
    'a transaction keeps all, and what it throws is thrown',
    (rows) => {
      rows.transaction(() => {
        rows.putEntity(PAVEL, 1)
        rows.setUpdateState(0n, STATE)
      })
      assert.throws(
        () =>
          rows.transaction(() => {
            throw new RangeError('mine')
          }),
        RangeError,
      )
    },
    (rows) => assert.deepEqual([rows.entity(777n), rows.updateState(0n)], [PAVEL, STATE]),
  ],
  [
    'what is handed out can be changed without changing what is kept',
    (rows) => {
      rows.putEntity(PAVEL, 1)
      rows.setUpdateState(0n, STATE)
      const [[, state] = [0n, STATE]] = rows.updateStates()
      state.pts = 99
      Object.assign(rows.updateState(0n) ?? {}, { pts: 99 })
    },
    (rows) => assert.deepEqual(rows.updateState(0n), STATE),
  ],
]

/** A storage may hold more than it is asked for. */
function pick({ dcId, serverAddress, port, authKey, takeoutId }: AuthState): AuthState {
  return { dcId, serverAddress, port, authKey: bytes(authKey), takeoutId }
}

/** A Buffer counts as the bytes that it is. */
function bytes(value: Uint8Array | undefined): Uint8Array | undefined {
  return value && Uint8Array.from(value)
}
