import { MemoryStore } from '../../../src/store/memory/memory-store.ts'
import { storeContract } from '../../support/store/store-contract.ts'

storeContract('memory', async () => {
  const store = new MemoryStore()
  return { store, another: async () => store, close: async () => {} }
})
