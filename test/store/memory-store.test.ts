import { MemoryStore } from '../../src/store/memory-store.ts'
import { storeContract } from '../contract/store-contract.ts'

storeContract('memory', async () => {
  const store = new MemoryStore()
  return { store, another: async () => store, close: async () => {} }
})
