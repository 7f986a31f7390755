export { FakeDc } from './fake-dc/fake-dc.ts'
export { addServerKey } from './telegram/server-key.ts'
export {
  sessionStorageContract,
  type ContractOptions,
  type ContractRunner,
} from './session/storage-contract.ts'
