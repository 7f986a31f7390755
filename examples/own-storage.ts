/** A session storage of your own, complete: `new MemorySession({ storage: new OwnStorage('bot.db') })`. */
import { DatabaseSync } from 'node:sqlite'
import { deserialize, serialize } from 'node:v8'
import type { AuthState, Entity, SentFile, SentFileKey, SessionStorage, UpdateState } from 'tgsession'

const LOGGED_OUT = { dcId: 0, serverAddress: undefined, port: 443, authKey: undefined, takeoutId: undefined }
const file = (key: SentFileKey): string =>
  `file ${key.kind} ${key.size} ${Buffer.from(key.md5).toString('hex')}`

export class OwnStorage implements SessionStorage {
  readonly #db: DatabaseSync
  constructor(path: string) {
    this.#db = new DatabaseSync(path)
    const columns = 'key text primary key, value blob, username text, phone integer, name text, date integer'
    this.#db.exec(`create table if not exists items (${columns})`)
  }

  auth = (): AuthState => this.#get('auth') ?? LOGGED_OUT
  setAuth = (state: AuthState): void => this.#set('auth', state)
  otherKey = (dcId: number): Uint8Array | undefined => this.#get(`key ${dcId}`)
  setOtherKey = (dcId: number, key: Uint8Array | undefined): void => this.#set(`key ${dcId}`, key)
  updateState = (id: bigint): UpdateState | undefined => this.#get(`state ${id}`)
  setUpdateState = (id: bigint, state: UpdateState): void => this.#set(`state ${id}`, state)
  updateStates(): [id: bigint, state: UpdateState][] {
    const keys = this.#db.prepare(`select key from items where key like 'state %'`).all()
    return keys.map(({ key }) => [BigInt(String(key).slice(6)), this.#get(String(key))])
  }
  sentFile = (key: SentFileKey): SentFile | undefined => this.#get(file(key))
  putSentFile = (key: SentFileKey, sent: SentFile): void => this.#set(file(key), sent)
  entity = (id: bigint): Entity | undefined => this.#get(`entity ${id}`)
  findEntity = (by: 'username' | 'phone' | 'name', value: string | bigint): Entity | undefined =>
    this.#get(value, by)
  putEntity = (entity: Entity, date: number): void => this.#set(`entity ${entity.id}`, entity, entity, date)
  evictUsername(username: string, newOwner: bigint): void {
    const others = this.#db.prepare('select key, date from items where username = ? and key <> ?')
    for (const { key, date } of others.all(username, `entity ${newOwner}`))
      this.putEntity({ ...this.#get(String(key)), username: null }, Number(date))
  }
  transaction(work: () => void): void {
    this.#db.exec('begin')
    try {
      work()
      this.#db.exec('commit')
    } catch (error) {
      this.#db.exec('rollback')
      throw error
    }
  }

  #get(value: string | bigint, column = 'key') {
    const sql = `select value from items where ${column} = ? order by date desc`
    const blob = this.#db.prepare(sql).get(value)?.['value']
    return blob instanceof Uint8Array ? deserialize(blob) : undefined
  }
  #set(key: string, value: unknown, { username, phone, name }: Partial<Entity> = {}, date = 0): void {
    const statement = this.#db.prepare('insert or replace into items values (?, ?, ?, ?, ?, ?)')
    statement.run(key, serialize(value), username ?? null, phone ?? null, name ?? null, date)
  }
}
