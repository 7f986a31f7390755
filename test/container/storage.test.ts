import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, describe, it } from 'node:test'
import type { BareContainer } from '../../src/container/bare-container.ts'
import type { HeldSession } from '../../src/container/held-session.ts'
import { sessionStorageContract } from '../../src/session/core/storage-contract.ts'
import type { SessionStorage } from '../../src/session/core/storage.ts'
import { containers, KINDS, type OwnDatabase } from './databases.ts'

for (const { name, skip, make } of KINDS) {
  const container = containers()
  let database: OwnDatabase | undefined
  let shared: BareContainer | undefined
  const opened = new Map<SessionStorage, HeldSession>()
  const open = async (id: string): Promise<SessionStorage> => {
    database ??= await make()
    shared ??= container(database, { tablePrefix: 'c_' })
    const session = await shared.open(id)
    opened.set(session.session.storage, session)
    return session.session.storage
  }
  after(async () => database?.drop())
  sessionStorageContract(`a container on ${name}`, async () => open(randomUUID()), {
    reopen: async (storage) => {
      const session = opened.get(storage) ?? assert.fail()
      await session.close()
      return await open(session.id)
    },
    runner: { describe: (title, body) => describe(title, { skip }, body), it },
  })
}
